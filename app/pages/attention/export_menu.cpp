#include "app/pages/attention/export_menu.h"

#include "app/dialogs.h"
#include "app/wording.h"
#include "core/io/film.h"
#include "core/runtime/error.h"
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
    add(tr("Picture, caption and reference as PNG…"), "exportPanes", !there.panes.isNull(), [this] {
        const auto shown = shown_();
        savePicture(shown.panes, shown.name + QStringLiteral("_panes.png"));
    });
    add(tr("The view below as PNG…"), "exportView", !there.view.isNull(), [this] {
        const auto shown = shown_();
        savePicture(shown.view, shown.name + QStringLiteral("_view.png"));
    });
    add(tr("Before and after as PNG…"), "exportBeforeAfter", !there.beforeAndAfter.isNull(), [this] {
        const auto shown = shown_();
        savePicture(shown.beforeAndAfter, shown.name + QStringLiteral("_before_after.png"));
    });
    addSeparator();
    add(tr("Numbers as .npz…"), "exportNumbers", there.answer.has_value(), [this] {
        const auto shown = shown_();
        saveNumbers([&] { return arraysOf(*shown.answer); }, shown.name + QStringLiteral(".npz"));
    });
    add(tr("Numbers over t as .npz…"), "exportCourse", there.course.has_value(), [this] {
        const auto shown = shown_();
        saveNumbers([&] { return arraysOf(*shown.course); }, shown.courseOf + QStringLiteral("_over_t.npz"));
    });
    addSeparator();
    add(tr("Film as GIF, MP4 or animated PNG…"), "exportFilm", !there.film.empty(), [this] { saveFilm(shown_()); });
    add(tr("Numbers of the film as .npz…"), "exportFilmNumbers", !there.film.empty(), [this] {
        const auto shown = shown_();
        saveNumbers([&] { return arraysOf(shown.film); }, shown.name + QStringLiteral("_film.npz"));
    });
}

template<typename Write>
void ExportMenu::save(const QString& title, const QString& suggestion, const QString& filter, Write write)
{
    const auto file = dialogs_.chooseSaveFile(this, title, suggestion, filter);
    if (file.isEmpty())
        return;
    try {
        write(std::filesystem::path(file.toStdString()));
        Q_EMIT saved(tr("Saved %1").arg(file));
    } catch (const std::exception& error) {
        Q_EMIT failed(tr("%1 could not be saved").arg(file), noticeOf(error));
    }
}

void ExportMenu::savePicture(const QImage& picture, const QString& suggestion)
{
    save(tr("Save the picture"), suggestion, tr("PNG pictures (*.png)"),
         [&](const std::filesystem::path& file) { writePng(file, imageFromQImage(picture)); });
}

void ExportMenu::saveNumbers(const std::function<NamedArrays()>& arrays, const QString& suggestion)
{
    save(tr("Save the numbers"), suggestion, tr("NumPy archives (*.npz)"),
         [&](const std::filesystem::path& file) { writeNpz(file, arrays()); });
}

void ExportMenu::saveFilm(const AttentionExport& shown)
{
    save(tr("Save the film"), shown.name + QStringLiteral(".gif"),
         tr("GIF (*.gif);;MP4 (*.mp4);;Animated PNG (*.png *.apng)"), [&](const std::filesystem::path& file) {
             writeFilm(file, picturesOf(shown.film, *shown.question, shown.part, filmSide), secondsPerFrame);
         });
}

} // namespace nanodit
