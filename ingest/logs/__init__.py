"""Web server logs: files into lines, lines into requests, requests into events."""
