"""Speed of training, of inference, of reading pictures and of streaming them."""
