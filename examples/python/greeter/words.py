"""What `main.py` imports."""


def greeting(name: str) -> str:
    return f"Hello, {name}!"
