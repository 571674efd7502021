"""What tests of pages in a real browser share."""


def axe_findings(page) -> list[str]:
    """Run the accessibility rules of axe-core; return what is serious, one line each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']} ({one['nodes'][0]['html'][:120]})"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
