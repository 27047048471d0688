"""Ways of asking a model: each module's ``load`` opens it, and gives a function from items to replies."""
