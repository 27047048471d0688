"""One file for each way of getting frames: ``decode(path, indices, size)`` gives pixels [frames, height, width, 3]."""
