"""The likelihood of arrays: its value, its gradient and its Hessian."""
