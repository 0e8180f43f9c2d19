#include "core/train/patch_dropout.h"

#include <ATen/CPUGeneratorImpl.h>

#include <array>
#include <numeric>
#include <utility>

namespace nanodit {

namespace {

/// Single random numbers of a generator.
class Dice {
public:
    explicit Dice(at::Generator& generator)
        : generator_(*at::check_generator<at::CPUGeneratorImpl>(generator))
    {
    }
    /// [0, 1)
    double unit() { return static_cast<double>(generator_.random64() >> 11) * 0x1.0p-53; }
    /// 0 ... count - 1
    std::int64_t below(std::int64_t count) { return static_cast<std::int64_t>(unit() * static_cast<double>(count)); }

private:
    at::CPUGeneratorImpl& generator_;
};

/// Sides and place at random; never the whole grid.
std::vector<bool> rectangle(GridSize grid, Dice& dice)
{
    std::int64_t rows = 0, cols = 0;
    do {
        rows = 1 + dice.below(grid.rows);
        cols = 1 + dice.below(grid.cols);
    } while (rows * cols == grid.count());
    const auto top = dice.below(grid.rows - rows + 1);
    const auto left = dice.below(grid.cols - cols + 1);
    std::vector<bool> inside(static_cast<std::size_t>(grid.count()), false);
    for (auto row = top; row < top + rows; ++row) {
        for (auto col = left; col < left + cols; ++col)
            inside[static_cast<std::size_t>(row * grid.cols + col)] = true;
    }
    return inside;
}

/// Grows from one patch by a random neighbour at a time.
std::vector<bool> blob(GridSize grid, Dice& dice)
{
    const auto area = 1 + dice.below(grid.count() - 1);
    std::vector<bool> inside(static_cast<std::size_t>(grid.count()), false), reached = inside;
    std::vector<std::int64_t> edge;
    const auto reach = [&](std::int64_t row, std::int64_t col) {
        if (row < 0 || col < 0 || row >= grid.rows || col >= grid.cols)
            return;
        const auto patch = row * grid.cols + col;
        if (!reached[static_cast<std::size_t>(patch)]) {
            reached[static_cast<std::size_t>(patch)] = true;
            edge.push_back(patch);
        }
    };
    const auto start = dice.below(grid.count());
    reach(start / grid.cols, start % grid.cols);
    for (std::int64_t grown = 0; grown < area; ++grown) {
        const auto next = static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(edge.size())));
        const auto patch = std::exchange(edge[next], edge.back());
        edge.pop_back();
        inside[static_cast<std::size_t>(patch)] = true;
        const auto row = patch / grid.cols, col = patch % grid.cols;
        reach(row - 1, col);
        reach(row + 1, col);
        reach(row, col - 1);
        reach(row, col + 1);
    }
    return inside;
}

/// So many patches of the grid, each as likely as any other.
std::vector<bool> scattered(GridSize grid, Dice& dice)
{
    const auto count = 1 + dice.below(grid.count() - 1);
    std::vector<std::size_t> patches(static_cast<std::size_t>(grid.count()));
    std::iota(patches.begin(), patches.end(), std::size_t{0});
    std::vector<bool> chosen(patches.size(), false);
    for (std::int64_t i = 0; i < count; ++i) {
        const auto next = static_cast<std::size_t>(i + dice.below(grid.count() - i));
        std::swap(patches[static_cast<std::size_t>(i)], patches[next]);
        chosen[patches[static_cast<std::size_t>(i)]] = true;
    }
    return chosen;
}

PatchHole drawHole(GridSize grid, Dice& dice)
{
    PatchHole hole{.shape = static_cast<HoleShape>(dice.below(holeShapeCount)), .leftOut = {}};
    switch (hole.shape) {
    case HoleShape::Rectangle:
        hole.leftOut = rectangle(grid, dice);
        break;
    case HoleShape::Surroundings:
        hole.leftOut = rectangle(grid, dice);
        hole.leftOut.flip();
        break;
    case HoleShape::Blob:
        hole.leftOut = blob(grid, dice);
        break;
    case HoleShape::Scattered:
        hole.leftOut = scattered(grid, dice);
        break;
    }
    return hole;
}

} // namespace

PatchHole drawPatchHole(GridSize grid, at::Generator& generator)
{
    Dice dice(generator);
    return drawHole(grid, dice);
}

at::Tensor drawPatchMask(double share, const std::vector<bool>& nullDino, GridSize grid, at::Generator& generator)
{
    Dice dice(generator);
    at::Tensor mask;
    for (std::size_t sample = 0; sample < nullDino.size(); ++sample) {
        if (dice.unit() >= share)
            continue;
        const auto hole = drawHole(grid, dice); // drawn in any case: samples do not depend on others' drops
        if (nullDino[sample])
            continue;
        if (!mask.defined())
            mask = at::ones({static_cast<std::int64_t>(nullDino.size()), grid.count()}, at::kBool);
        auto* const row = mask.data_ptr<bool>() + static_cast<std::int64_t>(sample) * grid.count();
        for (std::size_t patch = 0; patch < hole.leftOut.size(); ++patch)
            row[patch] = !hole.leftOut[patch];
    }
    return mask;
}

} // namespace nanodit
