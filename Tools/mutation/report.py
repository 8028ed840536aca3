"""What became of the mutants, as a table and a list of survivors."""

SURVIVED = ("survived", "not reached")


def print_report(areas, mutants, results, equivalents):
    """Prints the table of areas and a line for each survivor.

    Returns the share that was caught of all that are not equivalent, in per cent, and whether the list of
    equivalent mutants is out of date."""
    survivors = [mutant for mutant in mutants if results[mutant.identity] in SURVIVED]
    unexplained = [mutant for mutant in survivors if mutant not in equivalents]
    print(f"\n{'area':22} {'mutants':>8} {'caught':>8} {'equivalent':>11} {'survivors':>10} {'share':>8}")
    rows = [(area.name, lambda mutant, area=area: mutant.area is area) for area in areas]
    for name, belongs in rows + [("all", lambda mutant: True)]:
        total = sum(map(belongs, mutants))
        if not total:
            continue
        left, alive = sum(map(belongs, unexplained)), sum(map(belongs, survivors))
        share = 100 * (total - alive) / max(1, total - alive + left)
        print(f"{name:22} {total:8} {total - alive:8} {alive - left:11} {left:10} {share:7.1f}%")
    if unexplained:
        print("\nsurvivors:")
    for mutant in unexplained:
        print(f"{mutant.number:5} line {mutant.line}, {results[mutant.identity]}: {mutant.identity}")
    stale = list(equivalents.stale(mutants, results))
    if stale:
        print("\nTools/mutation/equivalent is out of date:", *stale, sep="\n  ")
    return share if mutants else 100.0, bool(stale)
