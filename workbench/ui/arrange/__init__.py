"""Arrange mode: panels dragged, resized and moved by keys over the live dashboard, staged until they are saved."""
