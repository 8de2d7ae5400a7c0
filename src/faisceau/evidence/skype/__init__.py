"""What the Skype reader knows of bodies, columns and conversations."""
