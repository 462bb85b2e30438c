"""What tests measured, for docs/reliability.md: one line each, seen with `pytest -s`."""


def show(what: str, **figures: object) -> None:
    """Print the figures of one measurement; seconds are rounded to milliseconds."""
    texts = (
        f"{name}={figure:.3f}" if isinstance(figure, float) else f"{name}={figure}" for name, figure in figures.items()
    )
    print(f"\nFIGURES {what}:", *texts)  # noqa: T201 - whoever runs it with -s wants to read it
