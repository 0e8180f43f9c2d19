#include "core/experiment/contact_sheet.h"

#include <algorithm>

namespace nanodit {

Image contactSheet(const std::vector<std::vector<Image>>& rows, std::int64_t gap)
{
    ImageSize cell;
    std::size_t columns = 0;
    for (const auto& row : rows) {
        columns = std::max(columns, row.size());
        for (const auto& picture : row) {
            cell.width = std::max(cell.width, picture.size.width);
            cell.height = std::max(cell.height, picture.size.height);
        }
    }
    Image sheet;
    sheet.size = {.width = gap + static_cast<std::int64_t>(columns) * (cell.width + gap),
                  .height = gap + static_cast<std::int64_t>(rows.size()) * (cell.height + gap)};
    sheet.rgb.assign(static_cast<std::size_t>(3 * sheet.size.width * sheet.size.height), 255);
    for (std::size_t row = 0; row < rows.size(); ++row) {
        for (std::size_t column = 0; column < rows[row].size(); ++column) {
            const auto& picture = rows[row][column];
            const auto left =
                gap + static_cast<std::int64_t>(column) * (cell.width + gap) + (cell.width - picture.size.width) / 2;
            const auto top =
                gap + static_cast<std::int64_t>(row) * (cell.height + gap) + (cell.height - picture.size.height) / 2;
            for (std::int64_t y = 0; y < picture.size.height; ++y)
                std::copy_n(picture.at(0, y), 3 * picture.size.width, sheet.at(left, top + y));
        }
    }
    return sheet;
}

} // namespace nanodit
