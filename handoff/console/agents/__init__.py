"""The pages on which agents work: the list of cases, a case, actions, attachments, articles, live updates."""
