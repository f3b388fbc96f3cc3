"""What penstock costs, in process (micro) and over sockets beside nginx (wire), and the gate that keeps it.

Nothing here is part of the product; the product never imports it.
"""
