"""What all pages share: headers, bounded bodies, templates, static files, words, language, origin."""
