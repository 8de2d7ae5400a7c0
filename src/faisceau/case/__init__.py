"""The case: a folder, and the desk that carries values between the rooms."""
