"""One module for each trainer; the file's name is what ``--to`` takes."""
