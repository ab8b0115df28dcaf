"""Who goes with whom at the least cost, for many matrices at once, by the functions of any backend.

Rows are added one by one, each along the shortest path of swaps that ends at a free column. All loops are of the contract, so
that compilers take them, and bounded, so that they end even where costs are NaN.
Letters: B matrices, M rows, Q columns. Source: Jonker and Volgenant, Computing 38, 1987; Crouse, IEEE Trans. AES 52, 2016.
"""

from __future__ import annotations

from typing import Any, NamedTuple

Tensor = Any
FAR = 3e38  # no path yet; float32 has it


class _Matching(NamedTuple):
    """Rows and columns as matched so far, -1 for none, and the dual prices that prove it the cheapest."""

    column_of: Tensor  # (B, M) int32
    row_of: Tensor  # (B, Q) int32
    row_price: Tensor  # (B, M)
    column_price: Tensor  # (B, Q)


class _Search(NamedTuple):
    """The shortest paths from a new row."""

    steps: Tensor  # () int32
    row: Tensor  # (B,) int32, from which to go on
    length: Tensor  # (B,), of the path to that row
    end: Tensor  # (B,) int32, the free column that was reached; -1 for none yet
    distance: Tensor  # (B, Q), of each column, as known
    before: Tensor  # (B, Q) int32, the row before each column
    reached: Tensor  # (B, Q) bool, the columns whose distance is final


class _Swaps(NamedTuple):
    """A path as it is walked back."""

    steps: Tensor  # () int32
    column: Tensor  # (B,) int32, the next that gets another row; -1 when done
    column_of: Tensor
    row_of: Tensor


def solve(ops: Any, costs: Tensor, real: Tensor) -> Tensor:
    """The contract's `linear_assignment`, by the functions `ops`."""
    batch, rows, columns = ops.shape(costs)
    costs = ops.cast(costs, "float32")
    # Spare columns for rows beyond the columns, dearer than all else, so that none is used while another is free.
    spare = ops.max(ops.reshape(costs, (-1,)), 0) + 1
    costs = ops.concat([costs, ops.broadcast_to(spare, (batch, rows, rows))], 2)
    none = ops.argmax(costs, 2) * 0 - 1
    row_of = ops.argmax(costs, 1) * 0 - 1
    begin = _Matching(none, row_of, costs[:, :, 0] * 0, costs[:, 0] * 0)

    def add(state: tuple[Tensor, _Matching]) -> tuple[Tensor, _Matching]:
        return state[0] + 1, _with_row(ops, costs, real, state[0], state[1])

    first = ops.sum(none * 0)
    _, found = ops.while_loop(lambda state: state[0] < rows, add, (first, begin))
    return found.row_of[:, :columns]


def _with_row(ops: Any, costs: Tensor, real: Tensor, row: Tensor, matching: _Matching) -> _Matching:
    """The matching with one row more, in those matrices where the row is real."""
    _, rows, columns = ops.shape(costs)
    row_places, column_places = ops.arange(rows, like=costs)[None], ops.arange(columns, like=costs)[None]
    here = row_places == row  # (1, M)
    active = ops.max(ops.cast(real & here, "int32"), 1) > 0  # (B,)
    search = _search(ops, costs, row, active, matching, column_places)
    found = active & (search.end >= 0)
    # the prices that keep the rows and columns on shortest paths the cheapest there are
    gain = ops.where(search.reached & found[:, None], search.length[:, None] - search.distance, search.distance * 0)
    owned = ops.where(matching.row_of >= 0, gain, gain * 0)
    row_price = ops.add_at(matching.row_price, ops.maximum(matching.row_of, 0), owned)
    row_price = row_price + ops.where(here & found[:, None], search.length[:, None], row_price * 0)

    def swap(state: _Swaps) -> _Swaps:
        going = (state.column >= 0)[:, None]
        taken = ops.take_rows(search.before, ops.maximum(state.column, 0))
        earlier = ops.take_rows(state.column_of, ops.maximum(taken, 0))
        return _Swaps(
            state.steps + 1,
            ops.where(going[:, 0], earlier, state.column),
            ops.where(going & (row_places == taken[:, None]), state.column[:, None], state.column_of),
            ops.where(going & (column_places == state.column[:, None]), taken[:, None], state.row_of),
        )

    begin = _Swaps(row * 0, ops.where(found, search.end, search.end * 0 - 1), matching.column_of, matching.row_of)
    swaps = ops.while_loop(lambda s: (s.steps <= rows) & ~ops.every(s.column < 0), swap, begin)
    return _Matching(swaps.column_of, swaps.row_of, row_price, matching.column_price - gain)


def _search(ops: Any, costs: Tensor, row: Tensor, active: Tensor, matching: _Matching, places: Tensor) -> _Search:
    """The shortest paths from a row, up to the first that ends at a free column. Dijkstra's."""
    rows = ops.shape(costs)[1]

    def step(state: _Search) -> _Search:
        going = state.end < 0
        price = ops.take_rows(matching.row_price, state.row)
        through = ops.take_rows(costs, state.row) - matching.column_price + (state.length - price)[:, None]
        better = going[:, None] & ~state.reached & (through < state.distance)
        distance = ops.where(better, through, state.distance)
        column = ops.argmax(ops.where(state.reached, -FAR + distance * 0, -distance), 1)
        nearest = ops.take_rows(distance, column)
        owner = ops.take_rows(matching.row_of, column)
        return _Search(
            state.steps + 1,
            ops.where(going, ops.maximum(owner, 0), state.row),
            ops.where(going, nearest, state.length),
            ops.where(going & (owner < 0), column, state.end),
            distance,
            ops.where(better, state.row[:, None], state.before),
            state.reached | (going[:, None] & (places == column[:, None])),
        )

    nothing = costs[:, 0] * 0
    start = ops.cast(active, "int32") * 0 + row
    end = ops.where(active, start * 0 - 1, start * 0)
    begin = _Search(row * 0, start, nothing[:, 0], end, nothing + FAR, matching.row_of * 0 - 1, nothing > FAR)
    return ops.while_loop(lambda s: (s.steps <= rows) & ~ops.every(s.end >= 0), step, begin)
