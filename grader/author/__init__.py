"""What those who write the course use: scaffold, laws, proof, the data, the released kit."""
