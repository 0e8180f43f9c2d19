#include "app/page_table.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>

namespace nanodit {

namespace {

constexpr std::array datasetKeys = {
    KeyHelp{"arrows", QT_TRANSLATE_NOOP("shortcuts", "step through the records; with Shift select several")},
    KeyHelp{"Ctrl+F, Ctrl+Shift+F", QT_TRANSLATE_NOOP("shortcuts", "search and filter; list the filters")},
    KeyHelp{"G, L, M", QT_TRANSLATE_NOOP("shortcuts", "thumbnails, table, map")},
    KeyHelp{"E, T, X", QT_TRANSLATE_NOOP("shortcuts", "edit the caption, the tags; exclude or include")},
    KeyHelp{"Ctrl+H", QT_TRANSLATE_NOOP("shortcuts", "find and replace in many captions")},
    KeyHelp{"Ctrl+Z, Ctrl+Shift+Z", QT_TRANSLATE_NOOP("shortcuts", "undo an edit, redo it")},
    KeyHelp{"O", QT_TRANSLATE_NOOP("shortcuts", "show the picture in the file manager")},
    KeyHelp{"Space", QT_TRANSLATE_NOOP("shortcuts", "pause or resume the running job")},
    KeyHelp{"1 to 7",
            QT_TRANSLATE_NOOP("shortcuts", "picture, PCA colours, similarity, CLS, norms, reconstruction, error")},
    KeyHelp{"F", QT_TRANSLATE_NOOP("shortcuts", "show the whole picture")},
    KeyHelp{"+, −, wheel", QT_TRANSLATE_NOOP("shortcuts", "zoom the picture; drag moves it")}};

constexpr std::array trainKeys = {KeyHelp{"Ctrl+Enter", QT_TRANSLATE_NOOP("shortcuts", "start or resume")},
                                  KeyHelp{"Space", QT_TRANSLATE_NOOP("shortcuts", "pause or resume")}};

constexpr std::array attentionKeys = {
    KeyHelp{"arrows", QT_TRANSLATE_NOOP("shortcuts", "step through latent tokens or patches")},
    KeyHelp{"B, H", QT_TRANSLATE_NOOP("shortcuts", "next block, next head; with Shift the one before")},
    KeyHelp{"[, ]", QT_TRANSLATE_NOOP("shortcuts", "less, more noise; in a film back, forward")},
    KeyHelp{"Space", QT_TRANSLATE_NOOP("shortcuts", "play the film, or make one")},
    KeyHelp{"S", QT_TRANSLATE_NOOP("shortcuts", "self-attention over the picture")},
    KeyHelp{"M", QT_TRANSLATE_NOOP("shortcuts", "attention, or contribution")},
    KeyHelp{"K", QT_TRANSLATE_NOOP("shortcuts", "knock out the selected word, CLS or patches")},
    KeyHelp{"1 to 7", QT_TRANSLATE_NOOP("shortcuts", "blocks × heads, over t, diagonal, changes, comparison, knock "
                                                     "out, mechanism")},
    KeyHelp{"F", QT_TRANSLATE_NOOP("shortcuts", "newest checkpoint, including a running training")},
    KeyHelp{"Delete, Ctrl+Z", QT_TRANSLATE_NOOP("shortcuts", "erase the selection, undo")},
    KeyHelp{"Esc", QT_TRANSLATE_NOOP("shortcuts", "stop the computation")}};

constexpr std::array sampleKeys = {
    KeyHelp{"Ctrl+Enter", QT_TRANSLATE_NOOP("shortcuts", "generate")},
    KeyHelp{"Esc", QT_TRANSLATE_NOOP("shortcuts", "stop generating")},
    KeyHelp{"R", QT_TRANSLATE_NOOP("shortcuts", "new random seed")},
    KeyHelp{"G", QT_TRANSLATE_NOOP("shortcuts", "guidance plane")},
    KeyHelp{"Ctrl+S", QT_TRANSLATE_NOOP("shortcuts", "save the picture with its settings")},
    KeyHelp{"Shift+Enter", QT_TRANSLATE_NOOP("shortcuts", "in the prompt: begin a line")},
    KeyHelp{"Ctrl+V", QT_TRANSLATE_NOOP("shortcuts", "use the clipboard's picture as the reference")},
    KeyHelp{"Ctrl+C", QT_TRANSLATE_NOOP("shortcuts", "copy the picture")},
    KeyHelp{"C", QT_TRANSLATE_NOOP("shortcuts", "compare the pictures that are selected in the history")},
    KeyHelp{"S", QT_TRANSLATE_NOOP("shortcuts", "make the picture a favourite")},
    KeyHelp{"double click", QT_TRANSLATE_NOOP("shortcuts", "on a picture of the history: restore its settings")},
    KeyHelp{"Delete", QT_TRANSLATE_NOOP("shortcuts", "move the picture to the trash")}};

constexpr std::array validateKeys = {
    KeyHelp{"Ctrl+Enter", QT_TRANSLATE_NOOP("shortcuts", "validate")},
    KeyHelp{"arrows",
            QT_TRANSLATE_NOOP("shortcuts", "between cards: sort by the next one; between pictures: the next picture")},
    KeyHelp{"Enter", QT_TRANSLATE_NOOP("shortcuts", "enlarge the picture beside its reference")},
    KeyHelp{"P", QT_TRANSLATE_NOOP("shortcuts", "enlarged: patches, difference by patch, none")},
    KeyHelp{"Esc", QT_TRANSLATE_NOOP("shortcuts", "back to the pictures")}};

constexpr std::array runsKeys = {
    KeyHelp{"Space", QT_TRANSLATE_NOOP("shortcuts", "tick the run: its curve and its differences")},
    KeyHelp{"Enter", QT_TRANSLATE_NOOP("shortcuts", "open the run on the Train page")}};

constexpr std::array pages = {PageInfo{.page = Page::Dataset,
                                       .word = "dataset",
                                       .name = QT_TRANSLATE_NOOP("pages", "Dataset"),
                                       .icon = "dataset",
                                       .key = Qt::Key_1,
                                       .help = datasetKeys},
                              PageInfo{.page = Page::Train,
                                       .word = "train",
                                       .name = QT_TRANSLATE_NOOP("pages", "Train"),
                                       .icon = "train",
                                       .key = Qt::Key_2,
                                       .help = trainKeys},
                              PageInfo{.page = Page::Attention,
                                       .word = "attention",
                                       .name = QT_TRANSLATE_NOOP("pages", "Attention"),
                                       .icon = "eye",
                                       .key = Qt::Key_3,
                                       .help = attentionKeys},
                              PageInfo{.page = Page::Sample,
                                       .word = "sample",
                                       .name = QT_TRANSLATE_NOOP("pages", "Sample"),
                                       .icon = "sample",
                                       .key = Qt::Key_4,
                                       .help = sampleKeys},
                              PageInfo{.page = Page::Validate,
                                       .word = "validate",
                                       .name = QT_TRANSLATE_NOOP("pages", "Validate"),
                                       .icon = "validate",
                                       .key = Qt::Key_5,
                                       .help = validateKeys},
                              PageInfo{.page = Page::Runs,
                                       .word = "runs",
                                       .name = QT_TRANSLATE_NOOP("pages", "Runs"),
                                       .icon = "runs",
                                       .key = Qt::Key_6,
                                       .help = runsKeys}};

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
