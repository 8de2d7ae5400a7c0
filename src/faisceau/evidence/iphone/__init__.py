"""What the readers of an iPhone's databases share with nobody else."""
