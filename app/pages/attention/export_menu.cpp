#include "app/pages/attention/export_menu.h"

#include "app/dialogs.h"
#include "core/io/film.h"
#include "widgets/picture.h"

namespace nanodit {

namespace {
constexpr std::int64_t filmSide = 384;
constexpr double secondsPerFrame = 0.15; ///< As the window plays it.
} // namespace

ExportMenu::ExportMenu(Dialogs& dialogs, std::function<AttentionExport()> shown, QWidget* parent)
    : QMenu(parent)
    , dialogs_(dialogs)
    , shown_(std::move(shown))
{
    connect(this, &QMenu::aboutToShow, this, &ExportMenu::offer);
}

void ExportMenu::offer()
{
    clear();
    const auto there = shown_();
    // What is there when the menu opens may be gone when its entry is chosen.
    const auto add = [this, &there](const QString& text, const char* object,
                                    bool (*isThere)(const AttentionExport& shown),
                                    const std::function<void(const AttentionExport& shown)>& write) {
        auto* const entry = addAction(text, this, [this, isThere, write] {
            if (const auto shown = shown_(); isThere(shown))
                write(shown);
            else
                Q_EMIT failed(tr("Nothing was saved"),
                              {tr("Something else is being inspected; export it when it is shown.").toStdString()});
        });
        entry->setObjectName(QLatin1String(object));
        entry->setEnabled(isThere(there));
    };
    using Shown = const AttentionExport&;
    add(
        tr("Picture, caption and reference as PNG…"), "exportPanes", [](Shown shown) { return shown.panes != nullptr; },
        [this](Shown shown) { savePicture(shown.panes(), shown.name + QStringLiteral("_panes.png")); });
    add(
        tr("View below as PNG…"), "exportView", [](Shown shown) { return shown.view != nullptr; },
        [this](Shown shown) { savePicture(shown.view(), shown.name + QStringLiteral("_view.png")); });
    add(
        tr("Before and after as PNG…"), "exportBeforeAfter", [](Shown shown) { return !shown.beforeAndAfter.isNull(); },
        [this](Shown shown) { savePicture(shown.beforeAndAfter, shown.name + QStringLiteral("_before_after.png")); });
    addSeparator();
    add(
        tr("Numbers as .npz…"), "exportNumbers", [](Shown shown) { return shown.answer.has_value(); },
        [this](Shown shown) {
            saveNumbers([answer = *shown.answer] { return arraysOf(answer); }, shown.name + QStringLiteral(".npz"));
        });
    add(
        tr("Numbers over t as .npz…"), "exportCourse", [](Shown shown) { return shown.course.has_value(); },
        [this](Shown shown) {
            saveNumbers([course = *shown.course] { return arraysOf(course); },
                        shown.courseOf + QStringLiteral("_over_t.npz"));
        });
    addSeparator();
    add(
        tr("Film as GIF, MP4 or animated PNG…"), "exportFilm", [](Shown shown) { return shown.film != nullptr; },
        [this](Shown shown) { saveFilm(shown); });
    add(
        tr("Numbers of the film as .npz…"), "exportFilmNumbers", [](Shown shown) { return shown.film != nullptr; },
        [this](Shown shown) {
            saveNumbers([film = shown.film] { return arraysOf(*film); }, shown.name + QStringLiteral("_film.npz"));
        });
}

void ExportMenu::save(const QString& title, const QString& suggestion, const QString& filter,
                      std::function<void(const std::filesystem::path& file)> write)
{
    const auto file = dialogs_.chooseSaveFile(parentWidget(), title, suggestion, filter);
    if (file.isEmpty())
        return;
    queue_.ask(
        this, [path = std::filesystem::path(file.toStdString()), write = std::move(write)] { write(path); },
        [this, file] { Q_EMIT saved(tr("Saved %1").arg(file)); },
        [this, file](const Notice& why) { Q_EMIT failed(tr("Could not save %1").arg(file), why); });
}

void ExportMenu::savePicture(const QImage& picture, const QString& suggestion)
{
    save(tr("Save the picture"), suggestion, tr("PNG pictures (*.png)"),
         [picture](const std::filesystem::path& file) { writePng(file, imageFromQImage(picture)); });
}

void ExportMenu::saveNumbers(std::function<NamedArrays()> arrays, const QString& suggestion)
{
    save(tr("Save the numbers"), suggestion, tr("NumPy archives (*.npz)"),
         [arrays = std::move(arrays)](const std::filesystem::path& file) { writeNpz(file, arrays()); });
}

void ExportMenu::saveFilm(const AttentionExport& shown)
{
    save(tr("Save the film"), shown.name + QStringLiteral(".gif"),
         tr("GIF (*.gif);;MP4 (*.mp4);;Animated PNG (*.png *.apng)"),
         [film = shown.film, question = *shown.question, part = shown.part](const std::filesystem::path& file) {
             writeFilm(file, picturesOf(*film, question, part, filmSide), secondsPerFrame);
         });
}

} // namespace nanodit
