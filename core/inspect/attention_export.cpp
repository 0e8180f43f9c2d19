#include "core/inspect/attention_export.h"

#include "core/io/heat_picture.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cstring>

namespace nanodit {

namespace {

constexpr double opacity = 0.75;
constexpr std::int64_t smallSide = 96, courseCell = 24;

Array arrayFrom(const std::vector<float>& values, std::vector<std::int64_t> shape)
{
    const auto bytes = std::as_bytes(std::span(values));
    return arrayOf(DType::F32, std::move(shape), {bytes.begin(), bytes.end()});
}

void addNumbers(NamedArrays& arrays, const char* name, const AttentionNumbers& numbers)
{
    if (!numbers.values.empty())
        arrays.emplace_back(name, arrayFrom(numbers.values, {numbers.blocks, numbers.heads, numbers.width}));
}

Image stacked(const std::vector<Image>& rows)
{
    Image sheet{.size = {rows.at(0).size.width, 0}, .rgb = {}};
    for (const auto& row : rows) {
        sheet.size.height += row.size.height;
        sheet.rgb.insert(sheet.rgb.end(), row.rgb.begin(), row.rgb.end());
    }
    return sheet;
}

} // namespace

NamedArrays arraysOf(const AttentionAnswer& answer)
{
    NamedArrays arrays;
    if (answer.seen) {
        addNumbers(arrays, "shares", answer.seen->shares);
        addNumbers(arrays, "words", answer.seen->words);
        addNumbers(arrays, "patches", answer.seen->patches);
        addNumbers(arrays, "entropy", answer.seen->entropy);
        addNumbers(arrays, "centre", answer.seen->centre);
        addNumbers(arrays, "alignment", answer.seen->alignment);
    }
    if (answer.self)
        addNumbers(arrays, "self", *answer.self);
    if (answer.given)
        addNumbers(arrays, "latents", *answer.given);
    if (answer.summaries) {
        addNumbers(arrays, "mean_shares", answer.summaries->shares);
        addNumbers(arrays, "mean_entropy", answer.summaries->entropy);
        addNumbers(arrays, "mean_alignment", answer.summaries->alignment);
        addNumbers(arrays, "by_row", answer.summaries->byRow);
        addNumbers(arrays, "by_column", answer.summaries->byColumn);
        addNumbers(arrays, "mean_contribution", answer.summaries->contribution);
    }
    return arrays;
}

NamedArrays arraysOf(const AttentionCourse& course)
{
    std::vector<float> times(course.times.begin(), course.times.end());
    NamedArrays arrays;
    arrays.emplace_back("times", arrayFrom(times, {static_cast<std::int64_t>(times.size())}));
    const auto add = [&](const char* name, AttentionNumbers AttentionSummaries::*numbers) {
        std::vector<float> all;
        for (const auto& at : course.at)
            all.insert(all.end(), (at.*numbers).values.begin(), (at.*numbers).values.end());
        if (all.empty())
            return;
        const auto& first = course.at.front().*numbers;
        arrays.emplace_back(
            name, arrayFrom(all, {static_cast<std::int64_t>(times.size()), first.blocks, first.heads, first.width}));
    };
    add("shares", &AttentionSummaries::shares);
    add("entropy", &AttentionSummaries::entropy);
    add("alignment", &AttentionSummaries::alignment);
    add("contribution", &AttentionSummaries::contribution);
    return arrays;
}

NamedArrays arraysOf(const std::vector<AttentionFrame>& frames)
{
    NamedArrays joined;
    if (frames.empty())
        return joined;
    std::vector<NamedArrays> each;
    for (const auto& frame : frames)
        each.push_back(arraysOf(frame.answer));
    for (std::size_t k = 0; k < each[0].size(); ++k) {
        std::vector<std::byte> bytes;
        for (const auto& arrays : each) {
            if (arrays.size() != each[0].size() || arrays[k].second.shape != each[0][k].second.shape)
                throw UsageError("the models of a film differ in size: their numbers do not fit in one file");
            bytes.insert(bytes.end(), arrays[k].second.bytes.begin(), arrays[k].second.bytes.end());
        }
        auto shape = each[0][k].second.shape;
        shape.insert(shape.begin(), static_cast<std::int64_t>(frames.size()));
        joined.emplace_back(each[0][k].first, arrayOf(DType::F32, std::move(shape), std::move(bytes)));
    }
    std::vector<float> times;
    for (const auto& frame : frames)
        times.push_back(static_cast<float>(frame.scene.t));
    joined.emplace_back("times", arrayFrom(times, {static_cast<std::int64_t>(times.size())}));
    return joined;
}

Image pictureOf(const AttentionScene& scene, const AttentionQuestion& question, const AttentionAnswer& answer,
                const AttentionPart& part, std::int64_t side)
{
    const auto& [block, head] = part;
    if (answer.given)
        return heatPicture(scene.forming, scene.latents, answer.given->of(block, head), opacity, side);
    std::vector<Image> pictures;
    if (answer.self)
        pictures.push_back(heatPicture(scene.forming, scene.latents, answer.self->of(block, head), opacity, side));
    else
        pictures.push_back(outlinedPicture(scene.forming, scene.bucket, scene.latents, question.latents, side));
    if (scene.patches.count() > 0 && answer.seen)
        pictures.push_back(
            heatPicture(scene.reference, scene.patches, answer.seen->patches.of(block, head), opacity, side));
    return sideBySide(pictures);
}

Image blocksByHeads(const AttentionScene& scene, const LatentAttention& seen)
{
    if (scene.patches.count() == 0)
        return {};
    std::vector<Image> rows;
    for (std::int64_t block = 0; block < scene.blocks; ++block) {
        std::vector<Image> row;
        for (std::int64_t head = 0; head < scene.heads; ++head)
            row.push_back(
                heatPicture(scene.reference, scene.patches, seen.patches.of(block, head), opacity, smallSide));
        rows.push_back(sideBySide(row));
    }
    return stacked(rows);
}

Image diagonalsOf(const AttentionScene& scene, const AttentionSummaries& summaries, const AttentionPart& part,
                  std::int64_t side)
{
    if (summaries.byRow.values.empty())
        return {};
    const auto row = summaries.byRow.of(part.block, part.head), column = summaries.byColumn.of(part.block, part.head);
    return sideBySide({heatPicture({}, {scene.latents.rows, scene.patches.rows}, row, 1, side),
                       heatPicture({}, {scene.latents.cols, scene.patches.cols}, column, 1, side)});
}

Image knockOutPicture(const AttentionScene& scene, const KnockOut& knockOut, std::int64_t side)
{
    const double largest =
        std::max(*std::ranges::max_element(knockOut.change), *std::ranges::max_element(knockOut.controlChange));
    std::vector<Image> pictures;
    for (const auto* const change : {&knockOut.change, &knockOut.controlChange})
        pictures.push_back(heatPicture(scene.forming, scene.latents, *change, opacity, side, largest));
    return sideBySide(pictures);
}

Image courseOf(const AttentionCourse& course)
{
    const auto times = static_cast<std::int64_t>(course.times.size());
    const auto blocks = course.at.at(0).shares.blocks;
    std::vector<Image> pictures;
    for (std::size_t kind = 0; kind < 3; ++kind) {
        std::vector<float> values(static_cast<std::size_t>(blocks * times));
        for (std::int64_t time = 0; time < times; ++time) {
            for (std::int64_t block = 0; block < blocks; ++block)
                values[static_cast<std::size_t>(block * times + time)] =
                    course.at[static_cast<std::size_t>(time)].shares.of(block, {})[kind];
        }
        pictures.push_back(heatPicture({}, {blocks, times}, values, 1, courseCell * std::max(blocks, times), 1.0));
    }
    return sideBySide(pictures);
}

std::vector<Image> picturesOf(const std::vector<AttentionFrame>& frames, const AttentionQuestion& question,
                              const AttentionPart& part, std::int64_t side)
{
    std::vector<Image> pictures;
    for (const auto& frame : frames)
        pictures.push_back(pictureOf(frame.scene, question, frame.answer, part, side));
    return pictures;
}

} // namespace nanodit
