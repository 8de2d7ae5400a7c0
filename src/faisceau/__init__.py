"""Faisceau: from lawfully held data to findings a magistrate can check line by line."""
