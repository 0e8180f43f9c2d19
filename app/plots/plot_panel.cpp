#include "app/plots/plot_panel.h"

#include "app/background_queue.h"
#include "app/dialogs.h"
#include "core/io/atomic_file.h"
#include "widgets/curve_legend.h"
#include "widgets/factories.h"
#include "widgets/fitted_combo_box.h"
#include "widgets/picture.h"
#include "widgets/plots/curve_plot.h"
#include "widgets/plots/metric_series.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPainter>
#include <QScopedValueRollback>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QToolButton>

#include <algorithm>
#include <set>
#include <utility>

namespace nanodit {

namespace {

constexpr int leastPicker = 96, leastRowHeight = 112;
constexpr QSize leastPicture(1200, 700), leastRowPicture(1200, 350);
constexpr double pictureScale = 2;

bool isLogarithmic(const PlotSubject& subject)
{
    const auto& key = subject.curves.front().key;
    return !key.starts_with("validation/") && metricText(key).scale == MetricScale::Logarithmic;
}

std::filesystem::path pathOf(const QString& text)
{
    return std::filesystem::path(text.toStdString());
}

} // namespace

PlotPanel::PlotPanel(BackgroundQueue& background, Dialogs& dialogs, QWidget* parent)
    : QFrame(parent)
    , background_(background)
    , dialogs_(dialogs)
    , picker_(new FittedComboBox(this))
    , menu_(makeFlatButton(QStringLiteral("menu"), tr("Scale, save or remove this plot"), this))
    , head_(new QHBoxLayout)
    , column_(new QVBoxLayout(this))
    , subject_(plotSubjects().front())
{
    setProperty("surface", "panel");
    picker_->setAccessibleName(tr("Metric of this plot"));
    picker_->setObjectName(QStringLiteral("plotPicker"));
    picker_->setProperty("flat", true);
    picker_->setMaxVisibleItems(24);
    picker_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    picker_->setFollowsChoice(true);
    picker_->setMinimumWidth(leastPicker);
    menu_->setObjectName(QStringLiteral("plotMenu"));
    head_->setSpacing(8);
    head_->addWidget(picker_);
    head_->addStretch();
    head_->addWidget(menu_);
    column_->setContentsMargins(12, 8, 8, 4);
    column_->setSpacing(4);
    column_->addLayout(head_);
    makeMenu();
    fillPicker();
    connect(picker_, &QComboBox::activated, this, [this](int index) {
        setSubject(picker_->itemData(index).toString());
        Q_EMIT subjectPicked();
    });
    rebuild();
}

void PlotPanel::makeMenu()
{
    auto* const menu = new QMenu(menu_);
    const auto add = [this, menu](const char* object, const QString& text, auto act) {
        auto* const action = menu->addAction(text);
        action->setObjectName(QLatin1String(object));
        connect(action, &QAction::triggered, this, act);
        return action;
    };
    logarithmic_ = add("plotLogarithmic", tr("Logarithmic values"), [this](bool) {
        setOtherScale(!otherScale_);
        Q_EMIT scalePicked();
    });
    logarithmic_->setCheckable(true);
    add("plotShowAll", tr("Show everything (double click)"), [this] { takeRange(std::nullopt); });
    menu->addSeparator();
    add("plotSavePicture", tr("Save as PNG…"), [this] { savePicture(); });
    add("plotSaveTable", tr("Save values as CSV…"), [this] { saveTable(); });
    add("plotCopy", tr("Copy picture"), [this] {
        QApplication::clipboard()->setImage(picture());
        Q_EMIT done(tr("The plot is on the clipboard"));
    });
    menu->addSeparator();
    remove_ = add("plotRemove", tr("Remove this plot"), [this] { Q_EMIT removeWanted(); });
    menu_->setMenu(menu);
    menu_->setPopupMode(QToolButton::InstantPopup);
}

void PlotPanel::fillPicker()
{
    const QSignalBlocker quiet(picker_);
    picker_->clear();
    auto kind = PlotSubject::Kind::Averaged;
    bool single = false;
    for (const auto& subject : plotSubjects()) {
        const bool blocks = subject.kind == PlotSubject::Kind::Blocks, one = subject.key.startsWith(u"one/");
        if ((blocks && kind != PlotSubject::Kind::Blocks) || (one && !single))
            picker_->insertSeparator(picker_->count());
        kind = subject.kind;
        single = one;
        picker_->addItem(subject.title, subject.key);
    }
    std::set<std::string> keys;
    for (const auto& run : runs_) {
        if (run.curves)
            std::ranges::copy(run.curves->validationKeys(), std::inserter(keys, keys.end()));
    }
    if (subject_.key.startsWith(u"validation/"))
        keys.insert(subject_.key.toStdString());
    if (!keys.empty())
        picker_->insertSeparator(picker_->count());
    for (const auto& key : keys) {
        const auto subject = validationSubject(key);
        picker_->addItem(subject.title, subject.key);
    }
    picker_->setCurrentIndex(std::max(0, picker_->findData(subject_.key)));
    picker_->updateGeometry();
}

void PlotPanel::showRuns(const std::vector<PlottedRun>& runs)
{
    for (const auto& run : runs_) {
        if (!run.curves)
            continue;
        disconnect(run.curves.data(), nullptr, this, nullptr);
        disconnect(&run.curves->of("loss"), nullptr, this, nullptr);
    }
    runs_ = runs;
    for (const auto& run : runs_) {
        if (!run.curves)
            continue;
        connect(run.curves, &RunCurves::validationKeysChanged, this, &PlotPanel::fillPicker);
        connect(run.curves, &RunCurves::marksChanged, this, &PlotPanel::showMarks);
        connect(run.curves, &RunCurves::loaded, this, &PlotPanel::showEmptyText);
        connect(&run.curves->of("loss"), &MetricSeries::changed, this, [this] {
            if (!recorded_) // it is told at every step
                showEmptyText();
        });
    }
    range_.reset(); // of steps of other runs
    fillPicker();
    rebuild();
    showEmptyText();
}

void PlotPanel::setSubject(const QString& key)
{
    subject_ = plotSubject(key);
    otherScale_ = false;
    fillPicker();
    rebuild();
}

void PlotPanel::setOtherScale(bool other)
{
    otherScale_ = other;
    const bool logarithmic = isLogarithmic(subject_) != other;
    logarithmic_->setChecked(logarithmic);
    if (auto* const curves = qobject_cast<CurvePlot*>(plot()))
        curves->setScale(logarithmic ? CurvePlot::Scale::Logarithmic : CurvePlot::Scale::Linear);
}

void PlotPanel::setSmoothing(double smoothing)
{
    smoothing_ = smoothing;
    if (auto* const curves = qobject_cast<CurvePlot*>(plot()))
        curves->setSmoothing(smoothing);
}

void PlotPanel::setIgnoreOutliers(bool ignore)
{
    ignoreOutliers_ = ignore;
    if (auto* const curves = qobject_cast<CurvePlot*>(plot()))
        curves->setIgnoreOutliers(ignore);
}

void PlotPanel::setHorizontal(AxisUnit unit, bool logarithmic)
{
    if (unit == unit_ && logarithmic == logarithmicAxis_)
        return;
    unit_ = unit;
    logarithmicAxis_ = logarithmic;
    range_.reset(); // a range of steps says nothing on an axis of time
    for (auto* const plot : plots_)
        plot->setHorizontal(unit, logarithmic);
}

void PlotPanel::showRange(const AxisRange& range)
{
    range_ = range;
    const QScopedValueRollback<bool> placing(placing_, true);
    for (auto* const plot : plots_)
        plot->showRange(range);
}

/// What somebody chose in one of the rows.
void PlotPanel::takeRange(const AxisRange& range)
{
    if (placing_)
        return;
    showRange(range);
    Q_EMIT rangeChosen();
}

void PlotPanel::setRemovable(bool removable)
{
    remove_->setEnabled(removable);
}

void PlotPanel::setEmptyText(const QString& text)
{
    emptyText_ = text;
    for (auto* const plot : plots_)
        plot->setEmptyText(emptyWords());
}

QString PlotPanel::emptyWords() const
{
    return recorded_ ? tr("Not recorded so far") : emptyText_;
}

void PlotPanel::showEmptyText()
{
    const bool recorded = std::ranges::any_of(runs_, [](const PlottedRun& run) {
        return run.curves && !run.curves->loading() && !run.curves->of("loss").isEmpty();
    });
    if (std::exchange(recorded_, recorded) != recorded)
        setEmptyText(emptyText_);
}

/// The plots of another quantity replace these; only what is shown is drawn.
void PlotPanel::rebuild()
{
    if (body_ != nullptr) {
        delete plot()->legend(); // which the head took over
        delete body_;
    }
    plots_ = makeSubjectPlots(subject_, runs_, this);
    body_ = plots_.size() == 1 ? plot() : makeRows();
    for (std::size_t row = 0; row < plots_.size(); ++row) {
        auto* const plot = plots_[row];
        plot->setAccessibleName(plots_.size() == 1 ? subject_.title : runTitle(row));
        plot->setEmptyText(emptyWords());
        plot->setHorizontal(unit_, logarithmicAxis_);
        if (range_)
            plot->showRange(range_);
        connect(plot, &PlotView::rangeChosen, this, [this, plot] { takeRange(plot->chosenRange()); });
    }
    column_->addWidget(body_, 1);
    legendPlace_ = LegendPlace::None;
    placeLegend();
    plot()->legend()->show();
    auto* const curves = qobject_cast<CurvePlot*>(plot());
    logarithmic_->setEnabled(curves != nullptr);
    setOtherScale(otherScale_);
    setSmoothing(smoothing_);
    setIgnoreOutliers(ignoreOutliers_);
    showMarks();
}

/// Beside the quantity's name, or on a line of its own where it would be cut off there; it is of all rows.
void PlotPanel::placeLegend()
{
    if (plots_.empty())
        return;
    auto* const legend = plot()->legend();
    const auto margins = column_->contentsMargins();
    const int room = width() - margins.left() - margins.right() - picker_->sizeHint().width() -
                     menu_->sizeHint().width() - 2 * head_->spacing();
    const auto place = legend->sizeHint().width() <= room ? LegendPlace::Beside : LegendPlace::Below;
    legend->setRowsFor(place == LegendPlace::Below ? width() - margins.left() - margins.right()
                                                   : legend->sizeHint().width());
    if (place == legendPlace_)
        return;
    legendPlace_ = place;
    head_->removeWidget(legend);
    column_->removeWidget(legend);
    if (place == LegendPlace::Beside)
        head_->insertWidget(1, legend, 1);
    else
        column_->insertWidget(1, legend);
}

bool PlotPanel::event(QEvent* event)
{
    if (event->type() == QEvent::Resize || event->type() == QEvent::LayoutRequest)
        placeLegend();
    return QFrame::event(event);
}

/// The plots below each other, each under the name of its run; as many as there are room for are seen at once.
QWidget* PlotPanel::makeRows()
{
    auto* const rows = new QWidget;
    auto* const column = new QVBoxLayout(rows);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(2);
    for (std::size_t row = 0; row < plots_.size(); ++row) {
        auto* const name = new QLabel(runs_[row].name, rows);
        name->setTextFormat(Qt::PlainText);
        setRole(name, "small");
        plots_[row]->setMinimumHeight(leastRowHeight);
        column->addWidget(name);
        column->addWidget(plots_[row], 1);
    }
    auto* const area = new QScrollArea(this);
    area->setObjectName(QStringLiteral("plotRows"));
    area->setFrameShape(QFrame::NoFrame);
    area->setWidgetResizable(true);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    area->setWidget(rows);
    rows->setAutoFillBackground(false);
    area->viewport()->setAutoFillBackground(false);
    return area;
}

void PlotPanel::showMarks()
{
    std::vector<std::vector<PlotMark>> marks(plots_.size());
    for (std::size_t run = 0; run < runs_.size(); ++run) {
        if (!runs_[run].curves)
            continue;
        const bool named = runs_.size() > 1 && plots_.size() == 1;
        for (auto mark : runs_[run].curves->marks()) {
            if (named)
                mark.text = runs_[run].name + QStringLiteral(": ") + mark.text;
            marks[std::min(run, marks.size() - 1)].push_back(std::move(mark));
        }
    }
    for (std::size_t row = 0; row < plots_.size(); ++row)
        plots_[row]->setMarks(std::move(marks[row]));
}

QString PlotPanel::runTitle(std::size_t row) const
{
    return subject_.title + QStringLiteral(" · ") + runs_[row].name;
}

QImage PlotPanel::picture() const
{
    if (plots_.size() == 1)
        return plot()->picture(pictureTitle(), plot()->size().expandedTo(leastPicture), pictureScale);
    std::vector<QImage> rows;
    int height = 0;
    const auto size = plot()->size().expandedTo(leastRowPicture);
    for (std::size_t row = 0; row < plots_.size(); ++row) {
        rows.push_back(plots_[row]->picture(runTitle(row), size, pictureScale));
        height += rows.back().height();
    }
    QImage all(rows.front().width(), height, QImage::Format_RGB32);
    QPainter painter(&all); // in pixels
    int top = 0;
    for (auto& row : rows) {
        row.setDevicePixelRatio(1);
        painter.drawImage(0, top, row);
        top += row.height();
    }
    painter.end();
    all.setDevicePixelRatio(pictureScale);
    return all;
}

QString PlotPanel::pictureTitle() const
{
    QStringList names;
    for (const auto& run : runs_)
        names << run.name;
    names.removeAll(QString());
    return names.isEmpty() ? subject_.title : subject_.title + QStringLiteral(" · ") + names.join(QStringLiteral(", "));
}

QString PlotPanel::fileStem() const
{
    auto stem = (runs_.size() == 1 ? runs_.front().name + QLatin1Char('-') : QString()) + subject_.key;
    return stem.replace(QLatin1Char('/'), QLatin1Char('-'));
}

void PlotPanel::retire()
{
    hide();
    setParent(nullptr);
    retired_ = true;
    if (!choosing_)
        deleteLater();
}

QString PlotPanel::chooseFile(const QString& title, const QString& ending, const QString& filter)
{
    choosing_ = true;
    auto file = dialogs_.chooseSaveFile(window(), title, fileStem() + ending, filter);
    choosing_ = false;
    if (retired_) // meanwhile
        deleteLater();
    return file;
}

void PlotPanel::savePicture()
{
    const auto image = picture(); // as it is now: its runs may be gone once the file is chosen
    const auto file = chooseFile(tr("Save the plot"), QStringLiteral(".png"), tr("Pictures (*.png)"));
    if (file.isEmpty())
        return;
    background_.ask(
        this, [image, file] { writePng(pathOf(file), imageFromQImage(image)); },
        [this, file] { Q_EMIT done(tr("Saved to %1").arg(folderText(file))); },
        [this](const Notice& why) { Q_EMIT failed(tr("Could not save the plot"), why); });
}

void PlotPanel::saveTable()
{
    const auto text = table().toStdString();
    const auto file = chooseFile(tr("Save the values"), QStringLiteral(".csv"), tr("Tables (*.csv)"));
    if (file.isEmpty())
        return;
    background_.ask(
        this, [text, file] { writeFileAtomically(pathOf(file), text); },
        [this, file] { Q_EMIT done(tr("Saved to %1").arg(folderText(file))); },
        [this](const Notice& why) { Q_EMIT failed(tr("Could not save the values"), why); });
}

} // namespace nanodit
