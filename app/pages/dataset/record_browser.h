#pragma once

#include "app/session.h"

#include <QByteArray>
#include <QWidget>

class QContextMenuEvent;
class QLabel;
class QLineEdit;
class QStackedWidget;
class QToolButton;
class QUndoStack;

namespace nanodit {

class FilterMenu;
class RecordFooter;
class RecordList;
class RecordMap;
class RecordModel;
class RecordSelection;
class RecordTable;
class StatePanel;
class ThumbnailGrid;
class Thumbnails;

/// The records at the left of the page, as a grid of thumbnails, a table or a map: found by a query, chosen, several at
/// a time. The views share one selection.
class RecordBrowser : public QWidget {
    Q_OBJECT
    Q_PROPERTY(QByteArray arrangement READ arrangement WRITE setArrangement)

public:
    enum class View { Grid, Table, Map };
    RecordBrowser(Session& session, QUndoStack* undo, QWidget* parent = nullptr);

    /// Makes it the current one, also when the query does not find it: then no other is selected, and a note says that
    /// it is hidden. An id that is no record's does nothing.
    void choose(const QString& id);
    /// Selects these, as far as they are in the list, unless they are selected already; false where nothing of them can
    /// be. A single one is chosen as above.
    bool chooseAll(const QStringList& ids);
    /// The record that is shown. It is one of the selected ones, or none is selected.
    const QString& current() const;
    /// What is edited: those selected, or else the current one; by row.
    QStringList selectedIds() const;
    qsizetype selectedCount() const; ///< Of those; at once, however many they are.
    /// All that the query finds, by row.
    QStringList listedIds() const;
    qsizetype listedCount() const;
    void setView(View view);
    View view() const;
    /// Which view is shown, to be kept over starts.
    QByteArray arrangement() const;
    void setArrangement(const QByteArray& state);
    void setQuery(const QString& query);
    QString query() const;
    void focusSearch();
    void focusRecords();
    void openFilters();
    /// Another workspace: no thumbnail and no choice of the old one stays.
    void forgetWorkspace();
    /// What was asked for is shown.
    bool idle() const;
    RecordModel* model() const { return model_; }
    const RecordList& list() const { return *list_; }
    /// Those there are, train and val among them.
    QStringList splits() const;
    /// Says for some seconds, in the place of the counts, what was done; undo stands beside it.
    void tell(const QString& what);
    /// Opens the chosen record's caption in its cell; false where the table is not shown.
    bool editCaptionCell();

Q_SIGNALS:
    void recordChosen(const QString& id);
    void selectionChanged();
    void viewChanged(nanodit::RecordBrowser::View view);
    /// The right button was pressed on the selection, or the menu key.
    void menuWanted(QPoint globalPoint);
    /// Counts and buckets of all records are others.
    void counted();
    // Edits in the table's cells.
    void captionEdited(const QString& id, const QString& caption);
    void splitEdited(const QString& id, const QString& split);
    void tagsEdited(const QString& id, const QStringList& tags);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    QWidget* makeSearch();
    QWidget* makeHiddenNote();
    void makeViews();
    void openMenu(const QContextMenuEvent& asked);
    void readWorth();   ///< What conditions are worth to the model that was measured last.
    void tellOfQuery(); ///< Why it is refused, or which word of one that finds nothing is nearly a filter.
    void showCount();
    QToolButton* buttonOf(View view) const;
    void switchTo(View view);
    void showRoom(bool records); ///< Grid, table or map, or that nothing matches.

    Session& session_;
    RecordModel* model_;
    RecordList* list_;
    Thumbnails* thumbnails_;
    QLineEdit* search_;
    FilterMenu* filter_;
    QToolButton *showGrid_, *showTable_, *showMap_;
    QWidget* hidden_; ///< That the current record is not in the list.
    QLabel *refusal_, *hiddenText_;
    QString refused_; ///< Why the query cannot be.
    RecordFooter* footer_;
    QStackedWidget *views_, *room_; ///< Grid, table and map; these, or nothing_.
    StatePanel* nothing_;
    ThumbnailGrid* grid_;
    RecordTable* table_;
    RecordMap* map_;
    RecordSelection* selection_; ///< That all views share.
};

} // namespace nanodit
