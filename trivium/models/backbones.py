"""What the configs of backbones say of which stages' features are wanted."""

from __future__ import annotations

from trivium.core.config import Config


class BackboneConfig(Config):
    """A config whose network is cut into stages: "stem", "stage1", ...

    `out_features` names those that the Backbone class returns, `out_indices` counts them; one is enough, without either it
    is the last.
    """

    out_features: tuple[str, ...] | None = None
    out_indices: tuple[int, ...] | None = None

    @property
    def stage_names(self) -> tuple[str, ...]:
        """The stages, the stem first."""
        return ("stem", *(f"stage{i + 1}" for i in range(len(self.depths))))

    @property
    def wanted(self) -> tuple[int, ...]:
        """The numbers of the stages whose features are wanted, in order."""
        names = self.stage_names
        if self.out_features is not None:
            return tuple(i for i, name in enumerate(names) if name in self.out_features)
        if self.out_indices is not None:
            chosen = {i % len(names) for i in self.out_indices}
            return tuple(sorted(chosen))
        return (len(names) - 1,)

    def check(self) -> None:
        names = self.stage_names
        for name in self.out_features or ():
            if name not in names:
                raise self.error("out_features", f"has {name!r}, which is none of {', '.join(names)}")
        for i in self.out_indices or ():
            if not -len(names) <= i < len(names):
                raise self.error("out_indices", f"has {i}; there are {len(names)} stages")
        if self.out_features is not None and self.out_indices is not None:
            counted = tuple(names[i] for i in self.out_indices)
            if counted != self.out_features:
                raise self.error("out_indices", f"counts {', '.join(counted)}, and out_features names others")
