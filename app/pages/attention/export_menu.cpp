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
    const auto add = [this](const QString& text, const char* object, bool enabled, auto action) {
        auto* const entry = addAction(text, this, action);
        entry->setObjectName(QLatin1String(object));
        entry->setEnabled(enabled);
    };
    add(tr("Picture, caption and reference as PNG…"), "exportPanes", there.panes != nullptr, [this] {
        const auto shown = shown_();
        savePicture(shown.panes(), shown.name + QStringLiteral("_panes.png"));
    });
    add(tr("The view below as PNG…"), "exportView", there.view != nullptr, [this] {
        const auto shown = shown_();
        savePicture(shown.view(), shown.name + QStringLiteral("_view.png"));
    });
    add(tr("Before and after as PNG…"), "exportBeforeAfter", !there.beforeAndAfter.isNull(), [this] {
        const auto shown = shown_();
        savePicture(shown.beforeAndAfter, shown.name + QStringLiteral("_before_after.png"));
    });
    addSeparator();
    add(tr("Numbers as .npz…"), "exportNumbers", there.answer.has_value(), [this] {
        const auto shown = shown_();
        saveNumbers([answer = *shown.answer] { return arraysOf(answer); }, shown.name + QStringLiteral(".npz"));
    });
    add(tr("Numbers over t as .npz…"), "exportCourse", there.course.has_value(), [this] {
        const auto shown = shown_();
        saveNumbers([course = *shown.course] { return arraysOf(course); },
                    shown.courseOf + QStringLiteral("_over_t.npz"));
    });
    addSeparator();
    add(tr("Film as GIF, MP4 or animated PNG…"), "exportFilm", there.film != nullptr, [this] { saveFilm(shown_()); });
    add(tr("Numbers of the film as .npz…"), "exportFilmNumbers", there.film != nullptr, [this] {
        const auto shown = shown_();
        saveNumbers([film = shown.film] { return arraysOf(*film); }, shown.name + QStringLiteral("_film.npz"));
    });
}

void ExportMenu::save(const QString& title, const QString& suggestion, const QString& filter,
                      std::function<void(const std::filesystem::path& file)> write)
{
    const auto file = dialogs_.chooseSaveFile(this, title, suggestion, filter);
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
