"""The rules: what happens when somebody says something."""
