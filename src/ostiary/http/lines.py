"""The last look at header lines before they are written (DESIGN.md §9.13).

Whatever their source (claims, configuration, the other side), a rendered block holds only whole lines: visible ASCII,
space, tab and obs-text, every CR and LF part of a line end. RFC 9110 §5.5.
"""

_TEXT_BYTES = bytes({*range(0x20, 0x7F), *range(0x80, 0x100), 0x09})


def is_clean_block(block: bytes, lines: int) -> bool:
    """Say whether `block` is exactly `lines` CRLF-terminated lines without stray control bytes."""
    # Two passes in C: as many line ends as lines, and nothing but those line ends besides text; the last one is last.
    if block.count(b"\r\n") != lines or block.translate(None, _TEXT_BYTES) != b"\r\n" * lines:
        return False
    return block.endswith(b"\r\n") if lines else not block
