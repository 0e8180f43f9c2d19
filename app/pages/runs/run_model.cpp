#include "app/pages/runs/run_model.h"

#include "app/plots/subject_plots.h"
#include "widgets/colours.h"
#include "widgets/text.h"

#include <QCollator>
#include <QLocale>
#include <QPolygonF>

#include <algorithm>
#include <array>
#include <limits>

namespace nanodit {

namespace {

constexpr std::array numberColumns = {RunModel::Steps, RunModel::Time, RunModel::Loss, RunModel::Speed, RunModel::Size};

QString tagText(const RunNotes& notes)
{
    QStringList tags;
    for (const auto& tag : notes.tags)
        tags << QString::fromStdString(tag);
    return tags.join(QStringLiteral(", "));
}

QPolygonF pointsOf(const LossCourse& course)
{
    QPolygonF points;
    for (const auto& point : course.points)
        points << QPointF(static_cast<double>(point.step), point.mean);
    return points;
}

} // namespace

RunModel::RunModel(QObject* parent)
    : QAbstractTableModel(parent)
{
}

void RunModel::setRuns(std::vector<ListedRun> runs, const QString& training)
{
    const bool sameRows = std::ranges::equal(
        runs, runs_, {}, [](const auto& r) { return r.run.name; }, [](const auto& r) { return r.run.name; });
    if (!sameRows)
        beginResetModel();
    runs_ = std::move(runs);
    training_ = training;
    rows_.clear();
    for (const auto& run : runs_)
        rows_.push_back(runRow(run, run.held || QString::fromStdString(run.run.name) == training_));
    if (!sameRows)
        endResetModel();
    else if (!runs_.empty())
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columns - 1));
    const auto before = checked_.size();
    checked_.removeIf([this](const QString& name) { return rowOf(name) < 0; });
    if (checked_.size() != before)
        Q_EMIT checkedChanged();
}

void RunModel::setTraining(const QString& name)
{
    if (name != training_)
        setRuns(std::vector(runs_), name);
}

void RunModel::rename(const QString& name, const QString& newName)
{
    const int row = rowOf(name);
    if (row < 0)
        return;
    auto& run = runs_[static_cast<std::size_t>(row)].run;
    const auto folder = run.folder.parent_path() / newName.toStdString();
    for (auto& checkpoint : run.checkpoints)
        checkpoint = folder / checkpoint.lexically_relative(run.folder);
    run.folder = folder;
    run.name = newName.toStdString();
    rows_[static_cast<std::size_t>(row)].name = newName;
    const bool wasChecked = checked_.remove(name);
    if (wasChecked)
        checked_.insert(newName);
    Q_EMIT dataChanged(index(row, 0), index(row, columns - 1));
    if (wasChecked)
        Q_EMIT checkedChanged();
}

int RunModel::rowOf(const QString& name) const
{
    const auto found = std::ranges::find(rows_, name, &RunRow::name);
    return found == rows_.end() ? -1 : static_cast<int>(found - rows_.begin());
}

bool RunModel::isTraining(int row) const
{
    return rows_[static_cast<std::size_t>(row)].name == training_;
}

QStringList RunModel::checked() const
{
    QStringList names;
    for (const auto& row : rows_) {
        if (checked_.contains(row.name))
            names << row.name;
    }
    return names;
}

void RunModel::check(const QStringList& names)
{
    checked_ = QSet<QString>(names.begin(), names.end());
    tellChecks();
}

/// Where one is checked, the curves of others have other colours, too.
void RunModel::tellChecks()
{
    if (!rows_.empty())
        Q_EMIT dataChanged(index(0, Name), index(rowCount() - 1, Course), {Qt::CheckStateRole, HueRole});
    Q_EMIT checkedChanged();
}

Hue RunModel::hueOf(int row) const
{
    const auto plotted = checked();
    const auto place = plotted.indexOf(rows_[static_cast<std::size_t>(row)].name);
    if (place < 0)
        return meaning::neutral;
    return plotted.size() == 1 ? meaning::loss : hueOfRun(static_cast<std::size_t>(place));
}

int RunModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int RunModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : columns;
}

QVariant RunModel::shown(const ListedRun& run, int row, int column) const
{
    const auto& cells = rows_[static_cast<std::size_t>(row)];
    switch (column) {
    case Name:
        return cells.name;
    case State:
        return cells.stateText;
    case Steps:
        return cells.steps;
    case Time:
        return cells.time;
    case Loss:
        return cells.loss;
    case Speed:
        return cells.speed;
    case Size:
        return cells.size;
    case Tags:
        return tagText(run.notes);
    case Note:
        return QString::fromStdString(run.notes.note);
    case Measured:
        return cells.measured;
    default:
        return {};
    }
}

QVariant RunModel::ordered(const ListedRun& run, int column) const
{
    switch (column) {
    case Steps:
        return static_cast<qlonglong>(run.steps);
    case Time:
        return run.seconds;
    case Course:
    case Loss: // a run without one comes last
        return run.loss.value_or(std::numeric_limits<double>::infinity());
    case Speed:
        return run.samplesPerSecond;
    case Size:
        return static_cast<qulonglong>(run.bytes);
    case Measured:
        return run.measured.empty() ? std::numeric_limits<double>::infinity() : run.measured.front().mean;
    default:
        return {};
    }
}

QVariant RunModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    const auto& run = runs_[static_cast<std::size_t>(index.row())];
    const auto& row = rows_[static_cast<std::size_t>(index.row())];
    switch (role) {
    case Qt::DisplayRole:
        return shown(run, index.row(), index.column());
    case Qt::EditRole:
        return shown(run, index.row(), index.column());
    case Qt::CheckStateRole:
        return index.column() == Name ? QVariant(checked_.contains(row.name) ? Qt::Checked : Qt::Unchecked)
                                      : QVariant();
    case Qt::ToolTipRole:
        return index.column() == Measured ? row.measuredHelp
               : index.column() == Note   ? toolTipOf(QString::fromStdString(run.notes.note))
                                          : QVariant();
    case Qt::TextAlignmentRole:
        return std::ranges::find(numberColumns, index.column()) != numberColumns.end()
                   ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                   : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    case Qt::ForegroundRole:
        if (index.column() == State && row.state == RunState::NoCheckpoint)
            return themeColours().problemText();
        if (index.column() == State && row.state == RunState::Running)
            return themeColours().accentText;
        return {};
    case SortRole:
        if (const auto value = ordered(run, index.column()); value.isValid())
            return value;
        return shown(run, index.row(), index.column());
    case SearchRole:
        return QStringList{row.name, row.stateText, tagText(run.notes), QString::fromStdString(run.notes.note)}
            .join(QLatin1Char('\n'))
            .toLower();
    case PointsRole:
        return index.column() == Course ? QVariant(pointsOf(run.course)) : QVariant();
    case HueRole:
        return index.column() == Course ? QVariant(static_cast<int>(hueOf(index.row()))) : QVariant();
    default:
        return {};
    }
}

QVariant RunModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= columns)
        return {};
    const std::array<QString, columns> titles = {
        tr("Run"),     tr("Loss over steps"), tr("State"), tr("Steps"), tr("Time"),
        tr("Loss"),    tr("Speed"),           tr("Size"),  tr("Tags"),  tr("Note"),
        tr("Measured")};
    if (role == Qt::DisplayRole)
        return titles[static_cast<std::size_t>(section)];
    if (role == Qt::TextAlignmentRole && std::ranges::find(numberColumns, section) != numberColumns.end())
        return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole) {
        switch (section) {
        case Time:
            return tr("Time of its steps, without pauses, previews and validations");
        case Loss:
            return tr("Mean of the last hundred steps");
        case Tags:
            return tr("Separated by commas; F2 edits them");
        case Note:
            return tr("F2 edits it");
        case Measured:
            return tr("Its newest validation, test by test; the tooltip of a cell lists all values");
        default:
            break;
        }
    }
    return {};
}

Qt::ItemFlags RunModel::flags(const QModelIndex& index) const
{
    auto flags = QAbstractTableModel::flags(index);
    if (!index.isValid())
        return flags;
    if (index.column() == Name)
        flags |= Qt::ItemIsUserCheckable;
    // A run that is being trained keeps its folder.
    if (index.column() == Tags || index.column() == Note || (index.column() == Name && !isTraining(index.row())))
        flags |= Qt::ItemIsEditable;
    return flags;
}

bool RunModel::setData(const QModelIndex& index, const QVariant& value, int role)
{
    if (!index.isValid())
        return false;
    const auto name = rows_[static_cast<std::size_t>(index.row())].name;
    if (role == Qt::CheckStateRole && index.column() == Name) {
        if (value.toInt() == Qt::Checked)
            checked_.insert(name);
        else
            checked_.remove(name);
        tellChecks();
        return true;
    }
    if (role != Qt::EditRole || value == data(index, Qt::EditRole))
        return false;
    auto notes = run(index.row()).notes;
    switch (index.column()) {
    case Name:
        Q_EMIT renameWanted(name, value.toString().trimmed());
        return true;
    case Tags:
        notes.tags = tagsOf(value.toString().toStdString());
        break;
    case Note:
        notes.note = value.toString().trimmed().toStdString();
        break;
    default:
        return false;
    }
    Q_EMIT notesWanted(name, notes);
    return true;
}

RunFilter::RunFilter(QObject* parent)
    : QSortFilterProxyModel(parent)
{
    setSortRole(RunModel::SortRole);
    setDynamicSortFilter(true);
}

void RunFilter::setWords(const QString& text)
{
    words_ = text.toLower().split(QLatin1Char(' '), Qt::SkipEmptyParts);
    invalidateFilter();
}

bool RunFilter::filterAcceptsRow(int row, const QModelIndex& parent) const
{
    const auto text = sourceModel()->index(row, RunModel::Name, parent).data(RunModel::SearchRole).toString();
    return std::ranges::all_of(words_, [&text](const QString& word) { return text.contains(word); });
}

bool RunFilter::lessThan(const QModelIndex& left, const QModelIndex& right) const
{
    const auto a = left.data(RunModel::SortRole), b = right.data(RunModel::SortRole);
    if (a.userType() != QMetaType::QString)
        return QSortFilterProxyModel::lessThan(left, right);
    static const auto byNumbersInNames = [] {
        QCollator collator(QLocale(QLocale::English, QLocale::UnitedStates)); // run-2 before run-10; not in "C"
        collator.setNumericMode(true);
        collator.setCaseSensitivity(Qt::CaseInsensitive);
        return collator;
    }();
    return byNumbersInNames.compare(a.toString(), b.toString()) < 0;
}

} // namespace nanodit
