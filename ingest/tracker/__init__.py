"""The tracker: `tracker.js` to read, `tracker.min.js` for browsers."""
