#pragma once

#include <QString>
#include <Qt>

#include <optional>
#include <span>

namespace nanodit {

/// The pages of the window that a workspace has, in the order in which they are listed.
enum class Page { Dataset, Train, Attention, Sample, Validate, Runs };

/// A page as everything that lists pages describes it: the rail and the command line. What it shows is made in
/// MainWindow and in the page's folder below app/pages.
struct PageInfo {
    Page page;
    const char* word; ///< On the command line: "dataset".
    const char* name; ///< Untranslated, of the context "pages"; pageName() translates it.
    const char* icon; ///< A drawing of resources/icons.
    Qt::Key key;      ///< Shows the page, together with Ctrl.
};

/// Every page, in the order of the enumeration.
std::span<const PageInfo> pageTable();
const PageInfo& pageInfo(Page page);
/// "Dataset", translated.
QString pageName(Page page);
/// The page that the command line calls `word`; nothing when there is none.
std::optional<Page> pageFromWord(const QString& word);

} // namespace nanodit
