#pragma once

#include "app/pages/runs/run_rows.h"
#include "core/front/training.h"
#include "widgets/colours.h"

#include <QAbstractTableModel>
#include <QSet>
#include <QSortFilterProxyModel>

#include <vector>

namespace nanodit {

/// The runs of a workspace, a row each, with a box to check, and with name, tags and note to edit: it only asks for
/// these changes, and shows them when it is given the runs anew.
class RunModel : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Name, Course, State, Steps, Time, Loss, Speed, Size, Tags, Note, Measured, columns };
    enum Role {
        SortRole = Qt::UserRole, ///< A number or a text that orders the column.
        SearchRole,              ///< What words of a search are looked for in, in lower case.
        PointsRole,              ///< QPolygonF of the loss over the steps.
        HueRole                  ///< Hue of the run's curves in the plots, as int; grey where it has none there.
    };
    explicit RunModel(QObject* parent = nullptr);

    /// Checks stay with their names. `training`: the run that is being trained here, or empty.
    void setRuns(std::vector<ListedRun> runs, const QString& training);
    void setTraining(const QString& name);
    /// A run's folder has another name now: what is written in its row from here on is written there. Its place and
    /// what else is known of it follow with setRuns().
    void rename(const QString& name, const QString& newName);
    const std::vector<ListedRun>& runs() const { return runs_; }
    const ListedRun& run(int row) const { return runs_[static_cast<std::size_t>(row)]; }
    int rowOf(const QString& name) const; ///< -1 for a name that no run has.
    bool isTraining(int row) const;
    /// In the order of the rows.
    QStringList checked() const;
    void check(const QStringList& names);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;

Q_SIGNALS:
    void checkedChanged();
    void renameWanted(const QString& name, const QString& newName);
    void notesWanted(const QString& name, const nanodit::RunNotes& notes);

private:
    QVariant shown(const ListedRun& run, int row, int column) const;
    QVariant ordered(const ListedRun& run, int column) const;
    Hue hueOf(int row) const;
    void tellChecks();

    std::vector<ListedRun> runs_;
    std::vector<RunRow> rows_;
    QString training_;
    QSet<QString> checked_;
};

/// Sorts runs by numbers where there are some, and keeps those that hold every word of a search in their name, state,
/// tags or note.
class RunFilter : public QSortFilterProxyModel {
    Q_OBJECT

public:
    explicit RunFilter(QObject* parent = nullptr);
    void setWords(const QString& text);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

private:
    QStringList words_;
};

} // namespace nanodit
