//! What random troubles brought to light, each as small as it came, so that it stays mended.
