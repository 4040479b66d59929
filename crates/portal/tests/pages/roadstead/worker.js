/* Asks for history out of the page's sight, and hands over what was answered. */
onmessage = async ({ data: { turn, address } }) => {
  try {
    const answer = await fetch(address, { headers: { accept: 'application/json' } });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    postMessage({ turn, answer: await answer.json() });
  } catch (error) {
    postMessage({ turn, error: String(error) });
  }
};
