"""Survivors that change nothing that a test could observe, with the reason."""


class Equivalents:
    """A file of entries: the line that the report prints for a mutant, without the line's number, and below it,
    indented, why it is no fault. Lines that begin with # are comments."""

    def __init__(self, path):
        self.reasons, key = {}, None
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.startswith("#") or not line.strip():
                    continue
                if line[0].isspace():
                    self.reasons[key].append(line.strip())
                else:
                    key = line.strip()
                    self.reasons[key] = []

    def __contains__(self, mutant):
        return mutant.identity in self.reasons

    def stale(self, mutants, results):
        """Entries of mutants that a test caught, or that are planted no more in a file with mutants."""
        planted = {mutant.identity: mutant for mutant in mutants}
        paths = {mutant.path for mutant in mutants}
        for key in self.reasons:
            mutant = planted.get(key)
            if mutant is None and key.split(":")[0] in paths:
                yield f"{key}: no such mutant"
            elif mutant is not None and results[mutant.identity] not in ("survived", "not reached"):
                yield f"{key}: is caught"
