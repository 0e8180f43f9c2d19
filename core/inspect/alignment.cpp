#include "core/inspect/alignment.h"

#include "core/inspect/unit_rows.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

namespace nanodit {

namespace {

/// From here on patches count as the same: float16, another resize kernel and bfloat16 arithmetic stay above it.
constexpr double sameCosine = 0.95;
/// Below it a single patch shows something else.
constexpr double otherCosine = 0.5;
/// Cosines nearer than this are equal: pictures of one colour fit everything.
constexpr double rounding = 1e-4;

/// Cosine of each row with the same of the other. [..., D] -> [...]; 1 where both are zero.
at::Tensor cosines(const at::Tensor& a, const at::Tensor& b)
{
    const auto products = (a * b).sum(-1);
    const auto bothZero = a.abs().sum(-1).eq(0).logical_and(b.abs().sum(-1).eq(0));
    return at::where(bothZero, at::ones_like(products), products);
}

/// Collects alternatives; all tensors have rows of length 1.
class Comparison {
public:
    Comparison(at::Tensor stored, at::Tensor truth, GridSize grid)
        : stored_(std::move(stored))
        , truth_(std::move(truth))
        , storedGrid_(stored_.view({grid.rows, grid.cols, -1}))
        , truthGrid_(truth_.view({grid.rows, grid.cols, -1}))
        , grid_(grid)
    {
    }

    /// What is stored at (r, c) belongs to (r - down, c - right).
    void shifted(std::int64_t down, std::int64_t right, const std::string& name)
    {
        const auto rows = grid_.rows - std::abs(down), cols = grid_.cols - std::abs(right);
        if (rows < 1 || cols < 1)
            return;
        const auto part = [&](const at::Tensor& grid, std::int64_t top, std::int64_t left) {
            return grid.narrow(0, std::max<std::int64_t>(0, top), rows)
                .narrow(1, std::max<std::int64_t>(0, left), cols);
        };
        add(name, part(storedGrid_, down, right), part(truthGrid_, -down, -right));
    }
    void rearranged(const at::Tensor& truth, const std::string& name)
    {
        add(name, stored_, truth.reshape({stored_.size(0), -1}));
    }
    /// Patches that begin `tokens` too early in the encoder's output.
    void offset(std::int64_t tokens, const std::string& name)
    {
        const auto left = stored_.size(0) - tokens;
        if (left >= 1)
            add(name, stored_.narrow(0, tokens, left), truth_.narrow(0, 0, left));
    }
    const at::Tensor& truthGrid() const { return truthGrid_; }
    std::vector<AlternativeMatch> best() &&
    {
        // Of those that fit equally well, the one that explains more patches: an array that was read one token early
        // also looks moved by a column, but for the ends of its rows.
        std::stable_sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) {
            return std::tuple(std::llround(a.cosine / rounding), a.cells, a.cosine) >
                   std::tuple(std::llround(b.cosine / rounding), b.cells, b.cosine);
        });
        return std::move(found_);
    }
    void add(const std::string& name, const at::Tensor& stored, const at::Tensor& other)
    {
        const auto all = cosines(stored, other);
        found_.push_back({.name = name, .cosine = all.mean().item<double>(), .cells = all.numel()});
    }

private:
    at::Tensor stored_, truth_, storedGrid_, truthGrid_;
    GridSize grid_;
    std::vector<AlternativeMatch> found_;
};

void addRearrangements(Comparison& comparison, GridSize grid, std::int64_t registers)
{
    struct Shift {
        std::int64_t down, right;
        const char* name;
    };
    constexpr Shift shifts[] = {{0, 1, "one column right"},
                                {0, -1, "one column left"},
                                {1, 0, "one row down"},
                                {-1, 0, "one row up"},
                                {1, 1, "one row down and one column right"},
                                {1, -1, "one row down and one column left"},
                                {-1, 1, "one row up and one column right"},
                                {-1, -1, "one row up and one column left"}};
    for (const auto& shift : shifts)
        comparison.shifted(shift.down, shift.right, shift.name);
    const auto& truth = comparison.truthGrid();
    if (grid.rows > 1 && grid.cols > 1)
        comparison.rearranged(truth.transpose(0, 1), "transposed");
    if (grid.cols > 1)
        comparison.rearranged(truth.flip({1}), "mirrored left to right");
    if (grid.rows > 1)
        comparison.rearranged(truth.flip({0}), "upside down");
    comparison.rearranged(truth.flip({0, 1}), "turned by 180 degrees");
    const auto those = registers == 1 ? std::string("the register") : "the " + std::to_string(registers) + " registers";
    if (registers > 0)
        comparison.offset(registers, "offset by " + those);
    comparison.offset(registers + 1, registers > 0 ? "offset by CLS and " + those : "offset by CLS");
}

AlignmentVerdict judge(const AlignmentCertificate& certificate, double shareInPlace)
{
    const bool known = !certificate.alternatives.empty();
    const double best = known ? certificate.alternatives.front().cosine : -1;
    if (!certificate.fitsGrid())
        return known && best >= sameCosine ? AlignmentVerdict::Misaligned : AlignmentVerdict::Unlike;
    if (best > certificate.cosine + rounding) {
        const bool farBetter = 1 - best <= (1 - certificate.cosine) / 2;
        return best >= sameCosine || farBetter ? AlignmentVerdict::Misaligned : AlignmentVerdict::Unlike;
    }
    if (certificate.cosine >= sameCosine && certificate.deviating == 0)
        return AlignmentVerdict::True;
    return shareInPlace >= 0.25 && certificate.deviating > 0 ? AlignmentVerdict::Partly : AlignmentVerdict::Unlike;
}

} // namespace

AlignmentCertificate certifyPatches(const at::Tensor& storedPatches, const RecomputedPatches& recomputed)
{
    const at::NoGradGuard noGrad;
    AlignmentCertificate certificate;
    certificate.grid = recomputed.grid;
    certificate.patches = storedPatches.size(0);
    const auto stored = unitRows(storedPatches);
    if (stored.size(1) != recomputed.truth.size(1))
        return certificate;
    const auto truth = unitRows(recomputed.truth);
    // Those of mistaken pictures may have their own number of patches.
    std::vector<std::pair<std::string, at::Tensor>> mistaken;
    for (const auto& [name, patches] : recomputed.mistaken) {
        if (patches.sizes() == stored.sizes())
            mistaken.emplace_back(name, unitRows(patches));
    }
    double shareInPlace = 0;
    if (certificate.fitsGrid()) {
        const auto inPlace = cosines(stored, truth);
        const auto worst = inPlace.argmin().item<std::int64_t>();
        certificate.cosine = inPlace.mean().item<double>();
        certificate.lowestCosine = inPlace.min().item<double>();
        certificate.lowestCell = {.row = worst / recomputed.grid.cols, .col = worst % recomputed.grid.cols};
        certificate.deviating = inPlace.lt(otherCosine).sum().item<std::int64_t>();
        certificate.largestDifference =
            (storedPatches.to(at::kFloat) - recomputed.truth.to(at::kFloat)).abs().max().item<double>();
        shareInPlace = inPlace.ge(sameCosine).to(at::kFloat).mean().item<double>();
        Comparison comparison(stored, truth, recomputed.grid);
        addRearrangements(comparison, recomputed.grid, recomputed.registers);
        for (const auto& [name, patches] : mistaken)
            comparison.add(name, stored, patches);
        certificate.alternatives = std::move(comparison).best();
    } else {
        for (const auto& [name, patches] : mistaken)
            certificate.alternatives.push_back(
                {.name = name, .cosine = cosines(stored, patches).mean().item<double>(), .cells = stored.size(0)});
    }
    certificate.verdict = judge(certificate, shareInPlace);
    return certificate;
}

} // namespace nanodit
