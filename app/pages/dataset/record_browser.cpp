#include "app/pages/dataset/record_browser.h"

#include "app/pages/dataset/filter_menu.h"
#include "app/pages/dataset/record_footer.h"
#include "app/pages/dataset/record_list.h"
#include "app/pages/dataset/record_map.h"
#include "app/pages/dataset/record_selection.h"
#include "app/pages/dataset/record_table.h"
#include "app/same_workspace.h"
#include "app/thumbnails.h"
#include "widgets/accessible_role.h"
#include "widgets/factories.h"
#include "widgets/fitted_label.h"
#include "widgets/icons.h"
#include "widgets/point_map.h"
#include "widgets/state_panel.h"
#include "widgets/text.h"
#include "widgets/theme.h"
#include "widgets/thumbnail_grid.h"

#include <QButtonGroup>
#include <QContextMenuEvent>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QShortcut>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

namespace nanodit {

namespace {
const std::array<QByteArray, 3> viewWords = {"grid", "table", "map"}; ///< In the order of View.
} // namespace

RecordBrowser::RecordBrowser(Session& session, QUndoStack* undo, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , model_(new RecordModel(this))
    , list_(new RecordList(model_, this))
    , thumbnails_(new Thumbnails(Thumbnails::tileSide, this))
    , views_(new QStackedWidget(this))
    , room_(new QStackedWidget(this))
    , nothing_(new StatePanel(this))
{
    setObjectName(QStringLiteral("recordBrowser"));
    makeViews();
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(12, 12, 0, 8);
    column->setSpacing(8);
    column->addWidget(makeSearch());
    refusal_ = new QLabel(this);
    refusal_->setObjectName(QStringLiteral("queryRefusal"));
    refusal_->setTextFormat(Qt::PlainText); // it quotes the query
    refusal_->setWordWrap(true);
    refusal_->setContentsMargins(4, 0, 12, 0);
    setRole(refusal_, "problem");
    refusal_->hide();
    column->addWidget(refusal_);
    column->addWidget(makeHiddenNote());
    column->addWidget(room_, 1);
    footer_ = new RecordFooter(undo, this);
    column->addWidget(footer_);
    setMinimumWidth(300);

    connect(model_, &RecordModel::thumbnailWanted, this, [this](const QString& id) {
        if (const auto* const record = session_.record(id))
            thumbnails_->want(*record);
    });
    connect(thumbnails_, &Thumbnails::made, model_, &RecordModel::setThumbnail);
    connect(thumbnails_, &Thumbnails::dropped, model_, &RecordModel::dropThumbnail);
    connect(model_, &RecordModel::captionEdited, this, &RecordBrowser::captionEdited);
    connect(model_, &RecordModel::splitEdited, this, &RecordBrowser::splitEdited);
    connect(model_, &RecordModel::tagsEdited, this, &RecordBrowser::tagsEdited);
    connect(&session_, &Session::recordsChanged, this, [this] { list_->setRecords(session_.recordsValue()); });
    connect(&session_, &Session::leaving, table_, &RecordTable::finishEditing);
    connect(&session_, &Session::runsChanged, this, &RecordBrowser::readWorth);
    connect(&session_, &Session::workspaceChanged, this, &RecordBrowser::readWorth);
    list_->waitWhile([this] { return table_->isEditing(); });
    connect(table_, &RecordTable::editingEnded, list_, &RecordList::catchUp);
    connect(list_, &RecordList::aboutToArrange, selection_, &RecordSelection::keep);
    connect(list_, &RecordList::arranged, selection_, &RecordSelection::restore);
    connect(list_, &RecordList::arranged, this, [this] { table_->showFilled(*model_); });
    connect(list_, &RecordList::counted, this, [this] {
        filter_->setCounts(list_->counts());
        table_->setSplits(splits());
        Q_EMIT counted();
    });
    connect(list_, &RecordList::refused, this, [this](const QString& why) {
        refused_ = why;
        tellOfQuery();
    });
}

void RecordBrowser::readWorth()
{
    if (!session_.hasWorkspace())
        return list_->setWorth({});
    session_.readings().ask(
        this, [workspace = session_.workspace()] { return RecordWorth::of(newestConditionWorth(workspace)); },
        [this, same = SameWorkspace(session_)](const WorthValue& worth) {
            if (same)
                list_->setWorth(worth);
        });
}

/// A training may have measured since.
void RecordBrowser::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    readWorth();
}

QWidget* RecordBrowser::makeSearch()
{
    auto* const box = new QWidget(this);
    search_ = new QLineEdit(box);
    search_->setObjectName(QStringLiteral("recordSearch"));
    search_->setPlaceholderText(tr("Search, or filter: state:stale -split:val"));
    search_->setToolTip(tr("Words of ids and captions, and filters: bucket:, split:, tag:, state:, t5:, vae:, dino:, "
                           "patches:, because:, is:excluded, is:problem; a minus negates one (Ctrl+F)"));
    search_->setAccessibleName(tr("Search records"));
    search_->setClearButtonEnabled(true);
    search_->addAction(icon(QStringLiteral("search"), Hue::Grey), QLineEdit::LeadingPosition);
    search_->installEventFilter(this);
    filter_ = new FilterMenu(box);
    showGrid_ = makeFlatButton(QStringLiteral("grid"), tr("Thumbnails (G)"), box);
    showTable_ = makeFlatButton(QStringLiteral("table"), tr("Table (L)"), box);
    showGrid_->setObjectName(QStringLiteral("showGrid"));
    showTable_->setObjectName(QStringLiteral("showTable"));
    showMap_ = makeFlatButton(QStringLiteral("map"), tr("Map: similar pictures are close together (M)"), box);
    showMap_->setObjectName(QStringLiteral("showMap"));
    auto* const group = new QButtonGroup(box);
    for (auto* const button : {showGrid_, showTable_, showMap_}) {
        button->setCheckable(true);
        group->addButton(button);
    }
    showGrid_->setChecked(true);
    auto* const row = new QHBoxLayout(box);
    row->setContentsMargins(4, 0, 12, 0);
    row->setSpacing(4);
    row->addWidget(search_, 1);
    row->addSpacing(4);
    for (auto* const button : std::initializer_list<QWidget*>{filter_, showGrid_, showTable_, showMap_})
        row->addWidget(button);
    connect(search_, &QLineEdit::textChanged, this, [this](const QString& query) {
        filter_->setQuery(query);
        list_->setQuery(query);
    });
    connect(filter_, &FilterMenu::queryChanged, search_, &QLineEdit::setText);
    connect(showGrid_, &QToolButton::clicked, this, [this] { setView(View::Grid); });
    connect(showTable_, &QToolButton::clicked, this, [this] { setView(View::Table); });
    connect(showMap_, &QToolButton::clicked, this, [this] { setView(View::Map); });
    return box;
}

void RecordBrowser::makeViews()
{
    grid_ = new ThumbnailGrid(this);
    grid_->setModel(model_);
    table_ = new RecordTable(this);
    table_->setModel(model_);
    map_ = new RecordMap(session_, model_, this);
    for (auto* const other : std::initializer_list<QAbstractItemView*>{table_, map_->view()}) {
        auto* const ownSelection = other->selectionModel();
        other->setSelectionModel(grid_->selectionModel());
        delete ownSelection;
    }
    for (auto* const view : std::initializer_list<QAbstractItemView*>{grid_, table_, map_->view()}) {
        views_->addWidget(view);
        view->installEventFilter(this); // the menu key is asked for here, the right button there
        view->viewport()->installEventFilter(this);
    }
    room_->addWidget(views_);
    room_->addWidget(nothing_);
    setAccessibleRole(nothing_, QAccessible::Grouping);
    nothing_->setAccessibleName(tr("No matching records"));
    nothing_->setFocusPolicy(Qt::StrongFocus); // keys go on working when an edit filters the last record away
    nothing_->showEmpty(QStringLiteral("search"), tr("No matching records"),
                        tr("No record matches all of these words and filters."));
    auto* const clear = nothing_->addButton(tr("Clear search"), QStringLiteral("clear"), false);
    clear->setObjectName(QStringLiteral("clearSearch"));
    connect(clear, &QPushButton::clicked, this, [this] { search_->clear(); });
    auto* const header = table_->horizontalHeader();
    header->setSectionsClickable(true);
    header->setSortIndicatorShown(true);
    header->setSortIndicator(RecordModel::IdColumn, Qt::AscendingOrder);
    connect(header, &QHeaderView::sortIndicatorChanged, this, [this](int column, Qt::SortOrder order) {
        list_->setOrder(
            {.column = static_cast<RecordModel::Column>(column), .descending = order == Qt::DescendingOrder});
    });
    selection_ = new RecordSelection(model_, grid_->selectionModel(), this);
    connect(selection_, &RecordSelection::currentChosen, this, &RecordBrowser::recordChosen);
    connect(selection_, &RecordSelection::changed, this, [this] {
        showCount();
        Q_EMIT selectionChanged();
    });
    connect(selection_, &RecordSelection::moved, this, [this](const QModelIndex& place) {
        static_cast<QAbstractItemView*>(views_->currentWidget())->scrollTo(place);
    });
}

QWidget* RecordBrowser::makeHiddenNote()
{
    hidden_ = new QWidget(this);
    hidden_->setObjectName(QStringLiteral("hiddenRecord"));
    hiddenText_ = new FittedLabel(hidden_);
    hiddenText_->setTextFormat(Qt::PlainText);
    hiddenText_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    setRole(hiddenText_, "small");
    auto* const show =
        makeButton(tr("Show"), {}, tr("Clear the search, so that the record is in the list"), false, hidden_);
    show->setObjectName(QStringLiteral("showHiddenRecord"));
    connect(show, &QPushButton::clicked, search_, &QLineEdit::clear);
    auto* const row = new QHBoxLayout(hidden_);
    row->setContentsMargins(4, 0, 12, 0);
    row->setSpacing(8);
    row->addWidget(hiddenText_, 1);
    row->addWidget(show);
    hidden_->hide();
    return hidden_;
}

void RecordBrowser::choose(const QString& id)
{
    if (session_.record(id) == nullptr) // a file that import refused, a record that is gone
        return;
    const int row = model_->rowOf(id);
    const bool already = current() == id;
    if (row < 0) { // the selection is of others, and must not be what is edited
        selection_->setHidden(id);
        showCount();
        Q_EMIT recordChosen(id);
        Q_EMIT selectionChanged();
        return;
    }
    auto* const shown = static_cast<QAbstractItemView*>(views_->currentWidget());
    auto* const chosen = grid_->selectionModel();
    shown->setCurrentIndex(model_->index(row, 0)); // by the view: selecting with Shift goes on from here
    chosen->select(model_->index(row, 0), QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    shown->scrollTo(model_->index(row, 0));
    if (already)
        Q_EMIT recordChosen(id);
}

bool RecordBrowser::chooseAll(const QStringList& ids)
{
    if (selectedIds() == ids)
        return true;
    if (ids.size() > 1)
        return selection_->select(ids);
    choose(ids.value(0));
    return current() == ids.value(0);
}

const QString& RecordBrowser::current() const
{
    return selection_->current();
}

QStringList RecordBrowser::selectedIds() const
{
    return selection_->ids();
}

qsizetype RecordBrowser::selectedCount() const
{
    const auto selected = selection_->count();
    return selected > 0 || current().isEmpty() ? selected : 1;
}

qsizetype RecordBrowser::listedCount() const
{
    return model_->rowCount();
}

QStringList RecordBrowser::listedIds() const
{
    QStringList ids;
    ids.reserve(model_->rowCount());
    for (int row = 0; row < model_->rowCount(); ++row)
        ids << QString::fromStdString(model_->record(row)->id);
    return ids;
}

void RecordBrowser::setView(View view)
{
    if (view == this->view())
        return;
    switchTo(view);
    Q_EMIT viewChanged(view);
}

void RecordBrowser::switchTo(View view)
{
    const bool focused = views_->currentWidget()->hasFocus();
    buttonOf(view)->setChecked(true);
    views_->setCurrentIndex(static_cast<int>(view)); // they were added in this order
    map_->setShown(view == View::Map);
    auto* const shown = static_cast<QAbstractItemView*>(views_->currentWidget());
    shown->scrollTo(grid_->selectionModel()->currentIndex());
    if (focused)
        shown->setFocus();
}

QByteArray RecordBrowser::arrangement() const
{
    return viewWords[static_cast<std::size_t>(view())];
}

/// Nobody is told: how much room there is beside it is kept, too.
void RecordBrowser::setArrangement(const QByteArray& state)
{
    const auto word = std::find(viewWords.begin(), viewWords.end(), state);
    if (word != viewWords.end())
        switchTo(static_cast<View>(word - viewWords.begin()));
}

QToolButton* RecordBrowser::buttonOf(View view) const
{
    return view == View::Grid ? showGrid_ : view == View::Table ? showTable_ : showMap_;
}

RecordBrowser::View RecordBrowser::view() const
{
    return static_cast<View>(views_->currentIndex());
}

void RecordBrowser::setQuery(const QString& query)
{
    search_->setText(query);
}

QString RecordBrowser::query() const
{
    return search_->text();
}

void RecordBrowser::focusSearch()
{
    search_->setFocus(Qt::ShortcutFocusReason);
    search_->selectAll();
}

void RecordBrowser::focusRecords()
{
    room_->currentWidget()->setFocus(Qt::OtherFocusReason);
    if (room_->currentWidget() == views_)
        views_->currentWidget()->setFocus(Qt::OtherFocusReason);
}

void RecordBrowser::openFilters()
{
    filter_->showMenu();
}

void RecordBrowser::forgetWorkspace()
{
    thumbnails_->forget();
    model_->forgetThumbnails();
    selection_->forget();
    // Its records are gone at once: one with the same id in the new workspace must not be edited in their place.
    model_->show({.all = std::make_shared<const std::vector<RecordInfo>>(), .shown = {}, .rows = {}});
    search_->clear();
}

QStringList RecordBrowser::splits() const
{
    QStringList names = {QStringLiteral("train"), QStringLiteral("val")};
    for (const auto& [split, count] : list_->counts().splits) {
        if (const auto name = QString::fromStdString(split); !names.contains(name))
            names << name;
    }
    return names;
}

bool RecordBrowser::idle() const
{
    return list_->idle() && thumbnails_->idle() && map_->idle();
}

void RecordBrowser::tell(const QString& what)
{
    footer_->tell(what);
}

bool RecordBrowser::editCaptionCell()
{
    const int row = model_->rowOf(current());
    if (view() != View::Table || row < 0)
        return false;
    table_->setFocus();
    table_->setCurrentIndex(model_->index(row, RecordModel::CaptionColumn));
    table_->edit(table_->currentIndex());
    return true;
}

void RecordBrowser::showRoom(bool records)
{
    auto* const to = records ? views_->currentWidget() : nothing_;
    auto* const from = records ? nothing_ : views_->currentWidget();
    const bool focused = from->hasFocus();
    room_->setCurrentWidget(records ? static_cast<QWidget*>(views_) : nothing_);
    if (focused)
        to->setFocus(Qt::OtherFocusReason);
}

void RecordBrowser::tellOfQuery()
{
    const bool found = model_->rowCount() > 0;
    const auto note =
        !refused_.isEmpty() || found ? refused_ : QString::fromStdString(misspeltTerm(query().toStdString()));
    refusal_->setText(note);
    refusal_->setVisible(!note.isEmpty());
}

void RecordBrowser::showCount()
{
    tellOfQuery();
    const auto all = list_->counts().records;
    hidden_->setVisible(session_.record(current()) != nullptr && model_->rowOf(current()) < 0 && list_->idle());
    hiddenText_->setText(tr("%1 is hidden by the filter").arg(current()));
    const auto shown = static_cast<std::int64_t>(model_->rowCount());
    showRoom(shown > 0 || all == 0);
    auto text =
        shown == all
            ? countText(all, tr("records"))
            : tr("%1 of %2").arg(QLocale().toString(static_cast<qlonglong>(shown)), countText(all, tr("records")));
    if (const auto selected = selection_->count(); selected > 1)
        text += tr(" · %1 selected").arg(QLocale().toString(static_cast<qlonglong>(selected)));
    if (list_->counts().excluded > 0)
        text += tr(" · %1 excluded").arg(QLocale().toString(static_cast<qlonglong>(list_->counts().excluded)));
    footer_->setCounts(text);
}

bool RecordBrowser::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == search_ && event->type() == QEvent::KeyPress) {
        const auto key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Escape && !search_->text().isEmpty()) {
            search_->clear();
            return true;
        }
        if (key == Qt::Key_Escape || key == Qt::Key_Down || key == Qt::Key_Return || key == Qt::Key_Enter) {
            focusRecords();
            if (!grid_->selectionModel()->hasSelection() && model_->rowCount() > 0)
                choose(QString::fromStdString(model_->record(0)->id));
            return true;
        }
    }
    if (event->type() == QEvent::ContextMenu && watched != search_) {
        openMenu(*static_cast<QContextMenuEvent*>(event));
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

void RecordBrowser::openMenu(const QContextMenuEvent& asked)
{
    const auto* const view = static_cast<QAbstractItemView*>(views_->currentWidget());
    const bool byKey = asked.reason() == QContextMenuEvent::Keyboard;
    const auto index = byKey ? view->currentIndex() : view->indexAt(asked.pos()); // pressing there has chosen it
    if (index.isValid())
        Q_EMIT menuWanted(byKey ? view->viewport()->mapToGlobal(view->visualRect(index).center()) : asked.globalPos());
}

} // namespace nanodit
