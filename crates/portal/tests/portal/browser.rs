//! The browser's deaths, and ours: nothing outlives the session.
