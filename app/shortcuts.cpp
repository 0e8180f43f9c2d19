#include "app/shortcuts.h"

#include <QCoreApplication>

#include <vector>

namespace nanodit {

namespace {

struct Key {
    const char* keys;
    const char* meaning;
};
struct Part {
    const char* name;
    std::vector<Key> keys;
};

const std::vector<Part>& parts()
{
    static const std::vector<Part> all = {
        {QT_TRANSLATE_NOOP("shortcuts", "Everywhere"),
         {{"Ctrl+1 to 6", QT_TRANSLATE_NOOP("shortcuts", "Dataset, Train, Attention, Sample, Validate, Runs")},
          {"Ctrl+O, Ctrl+N", QT_TRANSLATE_NOOP("shortcuts", "open a workspace, make one")},
          {"Ctrl+Q", QT_TRANSLATE_NOOP("shortcuts", "quit")},
          {"?", QT_TRANSLATE_NOOP("shortcuts", "this list")}}},
        {QT_TRANSLATE_NOOP("shortcuts", "Dataset"),
         {{"arrows", QT_TRANSLATE_NOOP("shortcuts", "step through the records; with Shift select several")},
          {"Ctrl+F, Ctrl+Shift+F",
           QT_TRANSLATE_NOOP("shortcuts", "search and filter; list what there is to filter by")},
          {"G, L", QT_TRANSLATE_NOOP("shortcuts", "thumbnails, table")},
          {"E, T, X", QT_TRANSLATE_NOOP("shortcuts", "edit the caption, the tags; exclude or include")},
          {"Ctrl+Z, Ctrl+Shift+Z", QT_TRANSLATE_NOOP("shortcuts", "take an edit back, make it again")},
          {"O", QT_TRANSLATE_NOOP("shortcuts", "show the picture in the file manager")},
          {"Space", QT_TRANSLATE_NOOP("shortcuts", "pause the running job, go on")},
          {"1 to 7",
           QT_TRANSLATE_NOOP("shortcuts", "picture, PCA colours, similarity, CLS, norms, reconstruction, error")},
          {"F", QT_TRANSLATE_NOOP("shortcuts", "show the whole picture")},
          {"+, −, wheel", QT_TRANSLATE_NOOP("shortcuts", "zoom the picture; drag moves it")}}},
        {QT_TRANSLATE_NOOP("shortcuts", "Train"),
         {{"Ctrl+Enter", QT_TRANSLATE_NOOP("shortcuts", "start or resume")},
          {"Space", QT_TRANSLATE_NOOP("shortcuts", "pause, go on")}}},
        {QT_TRANSLATE_NOOP("shortcuts", "Attention"),
         {{"arrows", QT_TRANSLATE_NOOP("shortcuts", "step through latent tokens or patches")},
          {"B, H", QT_TRANSLATE_NOOP("shortcuts", "next block, next head; with Shift the one before")},
          {"[, ]", QT_TRANSLATE_NOOP("shortcuts", "less, more noise; in a film back, on")},
          {"Space", QT_TRANSLATE_NOOP("shortcuts", "play the film, or make one")},
          {"S", QT_TRANSLATE_NOOP("shortcuts", "self attention over the picture")},
          {"1 to 5", QT_TRANSLATE_NOOP("shortcuts", "blocks × heads, over t, diagonal, changes, comparison")},
          {"F", QT_TRANSLATE_NOOP("shortcuts", "the newest checkpoint, also of a running training")},
          {"Delete, Ctrl+Z", QT_TRANSLATE_NOOP("shortcuts", "erase what is chosen, undo")},
          {"Esc", QT_TRANSLATE_NOOP("shortcuts", "stop what is being computed")}}},
        {QT_TRANSLATE_NOOP("shortcuts", "Sample"),
         {{"Ctrl+Enter", QT_TRANSLATE_NOOP("shortcuts", "paint")},
          {"Esc", QT_TRANSLATE_NOOP("shortcuts", "stop painting")},
          {"R", QT_TRANSLATE_NOOP("shortcuts", "another seed")},
          {"Ctrl+S", QT_TRANSLATE_NOOP("shortcuts", "save the picture with its settings")},
          {"double click", QT_TRANSLATE_NOOP("shortcuts", "on a picture of the history: take over its settings")},
          {"Delete", QT_TRANSLATE_NOOP("shortcuts", "move the picture to the trash")}}},
        {QT_TRANSLATE_NOOP("shortcuts", "Validate"),
         {{"Ctrl+Enter", QT_TRANSLATE_NOOP("shortcuts", "validate")},
          {"arrows", QT_TRANSLATE_NOOP("shortcuts", "between cards: sort by another; between pictures: the next one")},
          {"Enter", QT_TRANSLATE_NOOP("shortcuts", "enlarge the picture beside its reference")},
          {"P", QT_TRANSLATE_NOOP("shortcuts", "enlarged: patches, difference by patch, neither")},
          {"Esc", QT_TRANSLATE_NOOP("shortcuts", "back to the pictures")}}},
        {QT_TRANSLATE_NOOP("shortcuts", "Runs"),
         {{"Space", QT_TRANSLATE_NOOP("shortcuts", "check the run: its curve and what differs")},
          {"Enter", QT_TRANSLATE_NOOP("shortcuts", "show the run on the Train page")}}}};
    return all;
}

QString translated(const char* text)
{
    return QCoreApplication::translate("shortcuts", text);
}

} // namespace

QString shortcutsAsHtml()
{
    QString html = QStringLiteral("<table cellpadding='3'>");
    for (const auto& part : parts()) {
        html += QStringLiteral("<tr><td colspan='2'><b>%1</b></td></tr>").arg(translated(part.name));
        for (const auto& key : part.keys)
            html += QStringLiteral("<tr><td style='padding-right:24px'>%1</td><td>%2</td></tr>")
                        .arg(QString::fromUtf8(key.keys), translated(key.meaning));
    }
    return html + QStringLiteral("</table>");
}

} // namespace nanodit
