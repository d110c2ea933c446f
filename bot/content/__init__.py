"""From the files of a workspace to the release that is served."""
