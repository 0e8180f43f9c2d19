#include "app/plots/plot_panel.h"

#include "app/background_queue.h"
#include "app/dialogs.h"
#include "app/plots/plot_table.h"
#include "core/io/atomic_file.h"
#include "widgets/curve_legend.h"
#include "widgets/factories.h"
#include "widgets/plots/curve_plot.h"
#include "widgets/plots/heat_plot.h"
#include "widgets/plots/share_plot.h"

#include <QApplication>
#include <QBuffer>
#include <QClipboard>
#include <QComboBox>
#include <QHBoxLayout>
#include <QMenu>
#include <QSignalBlocker>
#include <QToolButton>

#include <algorithm>
#include <array>
#include <set>

namespace nanodit {

namespace {

/// Okabe and Ito's order.
constexpr std::array runHues = {Hue::Blue, Hue::Orange, Hue::Green, Hue::Vermillion, Hue::Purple, Hue::Sky};
constexpr std::array pens = {Qt::SolidLine, Qt::DashLine, Qt::DotLine, Qt::DashDotLine};
constexpr int leastPicker = 96;
constexpr QSize leastPicture(1200, 700);
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
    , picker_(new QComboBox(this))
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
    picker_->setMinimumWidth(leastPicker);
    menu_->setObjectName(QStringLiteral("plotMenu"));
    head_->setSpacing(8);
    head_->addWidget(picker_);
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
    add("plotShowAll", tr("Show everything (double click)"), [this] { plot_->showRange(std::nullopt); });
    menu->addSeparator();
    add("plotSavePicture", tr("Save as PNG…"), [this] { savePicture(); });
    add("plotSaveTable", tr("Save values as CSV…"), [this] { saveTable(); });
    add("plotCopy", tr("Copy picture"), [this] {
        QApplication::clipboard()->setImage(
            plot_->picture(pictureTitle(), plot_->size().expandedTo(leastPicture), pictureScale));
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
    picker_->setMinimumContentsLength(static_cast<int>(subject_.title.size())); // as wide as its text, given the room
}

void PlotPanel::showRuns(const std::vector<PlottedRun>& runs)
{
    for (const auto& run : runs_) {
        if (run.curves)
            disconnect(run.curves.data(), nullptr, this, nullptr);
    }
    runs_ = runs;
    for (const auto& run : runs_) {
        if (!run.curves)
            continue;
        connect(run.curves, &RunCurves::validationKeysChanged, this, &PlotPanel::fillPicker);
        connect(run.curves, &RunCurves::marksChanged, this, &PlotPanel::showMarks);
    }
    fillPicker();
    rebuild();
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
    if (auto* const curves = qobject_cast<CurvePlot*>(plot_))
        curves->setScale(logarithmic ? CurvePlot::Scale::Logarithmic : CurvePlot::Scale::Linear);
}

void PlotPanel::setSmoothing(double smoothing)
{
    smoothing_ = smoothing;
    if (auto* const curves = qobject_cast<CurvePlot*>(plot_))
        curves->setSmoothing(smoothing);
}

void PlotPanel::setHorizontal(AxisUnit unit, bool logarithmic)
{
    unit_ = unit;
    logarithmicAxis_ = logarithmic;
    plot_->setHorizontal(unit, logarithmic);
}

void PlotPanel::setRemovable(bool removable)
{
    remove_->setEnabled(removable);
}

void PlotPanel::setEmptyText(const QString& text)
{
    emptyText_ = text;
    plot_->setEmptyText(text);
}

/// The plot of another quantity replaces this one; only what is shown is drawn.
void PlotPanel::rebuild()
{
    if (plot_ != nullptr) {
        delete plot_->legend(); // which the head took over
        delete plot_;
    }
    plot_ = makePlot();
    plot_->setAccessibleName(subject_.title);
    plot_->setEmptyText(emptyText_);
    plot_->setHorizontal(unit_, logarithmicAxis_);
    head_->insertWidget(1, plot_->legend(), 1);
    plot_->legend()->show();
    column_->addWidget(plot_, 1);
    logarithmic_->setEnabled(qobject_cast<CurvePlot*>(plot_) != nullptr);
    setOtherScale(otherScale_);
    showMarks();
}

PlotView* PlotPanel::makePlot()
{
    switch (subject_.kind) {
    case PlotSubject::Kind::Shares:
        return makeShares();
    case PlotSubject::Kind::Blocks:
        return makeBlocks();
    default:
        return makeCurves();
    }
}

PlotView* PlotPanel::makeCurves()
{
    auto* const plot = new CurvePlot(this);
    const auto& first = subject_.curves.front().key;
    if (!first.starts_with("validation/")) {
        if (const auto& text = metricText(first); text.healthy && text.scale == MetricScale::Linear)
            plot->setHealthyBand(text.healthy->low, text.healthy->high);
    }
    plot->setSmoothing(smoothing_);
    const auto drawn = subject_.kind == PlotSubject::Kind::Averaged   ? CurvePlot::Drawn::WithAverage
                       : subject_.kind == PlotSubject::Kind::Measured ? CurvePlot::Drawn::Marked
                                                                      : CurvePlot::Drawn::AsIs;
    for (std::size_t r = 0; r < runs_.size(); ++r) {
        if (!runs_[r].curves)
            continue;
        for (std::size_t c = 0; c < subject_.curves.size(); ++c) {
            const auto& curve = subject_.curves[c];
            const bool alone = runs_.size() == 1;
            // Of several runs the colour says which, and the stroke which of its lines.
            const auto name = alone                         ? curve.name
                              : subject_.curves.size() == 1 ? runs_[r].name
                                                            : runs_[r].name + QStringLiteral(", ") + curve.name;
            plot->addCurve(&runs_[r].curves->of(curve.key), name,
                           {.hue = alone ? curve.hue : runHues[r % runHues.size()],
                            .drawn = drawn,
                            .pen = alone ? Qt::SolidLine : pens[c % pens.size()]},
                           runs_[r].curves->clock());
        }
    }
    return plot;
}

PlotView* PlotPanel::makeShares()
{
    auto* const plot = new SharePlot(this);
    if (runs_.empty() || !runs_.front().curves)
        return plot;
    plot->setClock(runs_.front().curves->clock());
    for (const auto& curve : subject_.curves)
        plot->addPart(&runs_.front().curves->of(curve.key), curve.name, curve.hue);
    return plot;
}

PlotView* PlotPanel::makeBlocks()
{
    const auto& curve = subject_.curves.front();
    auto* const plot = new HeatPlot(tr("block"), curve.name, this);
    if (runs_.empty() || !runs_.front().curves)
        return plot;
    auto* const curves = runs_.front().curves.data();
    plot->setClock(curves->clock());
    const auto show = [plot, curves, key = curve.key] { plot->setCourse(curves->blocks(key)); };
    connect(curves, &RunCurves::attentionMeasured, plot, show);
    show();
    return plot;
}

void PlotPanel::showMarks()
{
    std::vector<PlotMark> marks;
    for (const auto& run : runs_) {
        if (!run.curves)
            continue;
        for (auto mark : run.curves->marks()) {
            if (runs_.size() > 1)
                mark.text = run.name + QStringLiteral(": ") + mark.text;
            marks.push_back(std::move(mark));
        }
    }
    plot_->setMarks(std::move(marks));
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

void PlotPanel::savePicture()
{
    const auto file =
        dialogs_.chooseSaveFile(this, tr("Save the plot"), fileStem() + QStringLiteral(".png"), tr("Pictures (*.png)"));
    if (file.isEmpty())
        return;
    const auto image = plot_->picture(pictureTitle(), plot_->size().expandedTo(leastPicture), pictureScale);
    background_.ask(
        this,
        [image, file] {
            QByteArray bytes;
            QBuffer buffer(&bytes);
            buffer.open(QIODevice::WriteOnly);
            image.save(&buffer, "PNG");
            writeFileAtomically(pathOf(file), bytes.toStdString());
        },
        [] {}, [this](const Notice& why) { Q_EMIT failed(tr("The plot could not be saved"), why); });
}

QByteArray PlotPanel::table() const
{
    std::vector<TableCurve> curves;
    if (subject_.kind == PlotSubject::Kind::Blocks) {
        const auto course = runs_.empty() || !runs_.front().curves
                                ? HeatPlot::Course{}
                                : runs_.front().curves->blocks(subject_.curves.front().key);
        for (std::size_t step = 0; step < course.steps.size(); ++step) {
            for (std::size_t block = 0; block < course.values[step].size(); ++block) {
                while (block >= curves.size())
                    curves.push_back({.name = tr("block %1").arg(curves.size()), .steps = {}, .values = {}});
                curves[block].steps.push_back(course.steps[step]);
                curves[block].values.push_back(course.values[step][block]);
            }
        }
        return plotTable(curves, runs_.empty() || !runs_.front().curves ? nullptr : runs_.front().curves->clock());
    }
    for (const auto& run : runs_) {
        for (const auto& curve : subject_.curves) {
            if (!run.curves)
                continue;
            const auto& series = run.curves->of(curve.key);
            const auto key = QString::fromStdString(curve.key);
            curves.push_back({.name = runs_.size() == 1 ? key : run.name + QLatin1Char(' ') + key,
                              .steps = series.steps(),
                              .values = series.values()});
        }
    }
    return plotTable(curves, runs_.size() == 1 && runs_.front().curves ? runs_.front().curves->clock() : nullptr);
}

void PlotPanel::saveTable()
{
    const auto file =
        dialogs_.chooseSaveFile(this, tr("Save the values"), fileStem() + QStringLiteral(".csv"), tr("Tables (*.csv)"));
    if (file.isEmpty())
        return;
    background_.ask(
        this, [text = table().toStdString(), file] { writeFileAtomically(pathOf(file), text); }, [] {},
        [this](const Notice& why) { Q_EMIT failed(tr("The values could not be saved"), why); });
}

} // namespace nanodit
