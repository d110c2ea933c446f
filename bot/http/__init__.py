"""The HTTP server: the application, the knowledge pages, and what all pages share."""
