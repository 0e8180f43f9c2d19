#include "app/page_table.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>

namespace nanodit {

namespace {

constexpr std::array pages = {PageInfo{.page = Page::Dataset,
                                       .word = "dataset",
                                       .name = QT_TRANSLATE_NOOP("pages", "Dataset"),
                                       .icon = "dataset",
                                       .key = Qt::Key_1},
                              PageInfo{.page = Page::Train,
                                       .word = "train",
                                       .name = QT_TRANSLATE_NOOP("pages", "Train"),
                                       .icon = "train",
                                       .key = Qt::Key_2},
                              PageInfo{.page = Page::Attention,
                                       .word = "attention",
                                       .name = QT_TRANSLATE_NOOP("pages", "Attention"),
                                       .icon = "eye",
                                       .key = Qt::Key_3},
                              PageInfo{.page = Page::Sample,
                                       .word = "sample",
                                       .name = QT_TRANSLATE_NOOP("pages", "Sample"),
                                       .icon = "sample",
                                       .key = Qt::Key_4},
                              PageInfo{.page = Page::Validate,
                                       .word = "validate",
                                       .name = QT_TRANSLATE_NOOP("pages", "Validate"),
                                       .icon = "validate",
                                       .key = Qt::Key_5},
                              PageInfo{.page = Page::Runs,
                                       .word = "runs",
                                       .name = QT_TRANSLATE_NOOP("pages", "Runs"),
                                       .icon = "runs",
                                       .key = Qt::Key_6}};

constexpr bool inOrder()
{
    for (std::size_t i = 0; i < pages.size(); ++i) {
        if (pages[i].page != static_cast<Page>(i))
            return false;
    }
    return true;
}
static_assert(inOrder(), "a page's place in the table is its number");

} // namespace

std::span<const PageInfo> pageTable()
{
    return pages;
}

const PageInfo& pageInfo(Page page)
{
    return pages.at(static_cast<std::size_t>(page));
}

QString pageName(Page page)
{
    return QCoreApplication::translate("pages", pageInfo(page).name);
}

std::optional<Page> pageFromWord(const QString& word)
{
    const auto found = std::ranges::find_if(pages, [&](const auto& info) { return word == QLatin1String(info.word); });
    return found == pages.end() ? std::nullopt : std::optional(found->page);
}

} // namespace nanodit
