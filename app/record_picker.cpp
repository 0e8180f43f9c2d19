#include "app/record_picker.h"

#include "app/background_queue.h"
#include "app/record_tiles.h"
#include "widgets/factories.h"
#include "widgets/text.h"
#include "widgets/theme.h"
#include "widgets/thumbnail_grid.h"

#include <QHBoxLayout>
#include <QItemSelectionModel>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace nanodit {

RecordPicker::RecordPicker(Session& session, const QString& current, QWidget* parent)
    : QDialog(parent)
    , session_(session)
    , current_(current)
    , query_(new QLineEdit(this))
    , found_(new QLabel(this))
    , grid_(new ThumbnailGrid(this))
    , tiles_(new RecordTiles(this))
    , take_(makeButton(tr("Select"), {}, tr("Use this record (Enter)"), true, this))
{
    setObjectName(QStringLiteral("recordPicker"));
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(tr("Select a record"));
    resize(760, 560);
    query_->setObjectName(QStringLiteral("recordPickerQuery"));
    query_->setAccessibleName(tr("Search records"));
    query_->setPlaceholderText(tr("Search: red circle  bucket:128x128  split:val  tag:night  state:valid"));
    query_->setClearButtonEnabled(true);
    found_->setObjectName(QStringLiteral("recordPickerFound"));
    found_->setTextFormat(Qt::PlainText); // it quotes what was typed
    found_->setWordWrap(true);
    setRole(found_, "small");
    grid_->setSelectionMode(QAbstractItemView::SingleSelection);
    grid_->setModel(tiles_);
    take_->setObjectName(QStringLiteral("recordPickerTake"));
    take_->setEnabled(false);
    take_->setDefault(true);
    auto* const cancel = makeButton(tr("Cancel"), {}, tr("Close without selecting (Esc)"), false, this);
    auto* const buttons = new QHBoxLayout;
    buttons->setSpacing(8);
    buttons->addWidget(found_, 1);
    buttons->addWidget(cancel);
    buttons->addWidget(take_);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(16, 16, 16, 16);
    column->setSpacing(8);
    column->addWidget(query_);
    column->addWidget(grid_, 1);
    column->addLayout(buttons);

    connect(query_, &QLineEdit::textChanged, this, &RecordPicker::search);
    connect(grid_->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& index) {
        take_->setEnabled(index.isValid());
        if (!listing_ && index.isValid())
            current_ = tiles_->id(index.row());
    });
    connect(grid_, &QAbstractItemView::activated, this, &RecordPicker::choose);
    connect(take_, &QPushButton::clicked, this, [this] { choose(grid_->currentIndex()); });
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(&session_, &Session::recordsChanged, this, &RecordPicker::search);
    connect(&session_, &Session::workspaceOpening, this, &QDialog::reject);
    search();
    query_->setFocus();
}

bool RecordPicker::settled() const
{
    return listed_ == asked_ && tiles_->idle();
}

void RecordPicker::search()
{
    const int number = ++asked_;
    const auto done = [this, number] {
        if (number > listed_)
            listed_ = number;
        return number == asked_;
    };
    session_.background().ask(
        this,
        [records = session_.recordsValue(), text = query_->text().toStdString()] {
            const RecordQuery query(text);
            std::vector<std::uint32_t> shown;
            for (std::uint32_t place = 0; place < records->size(); ++place) {
                if (query.accepts((*records)[place]))
                    shown.push_back(place);
            }
            return std::pair(records, shown);
        },
        [this, done, text = query_->text().toStdString()](std::pair<RecordsValue, std::vector<std::uint32_t>> found) {
            if (!done())
                return;
            const auto meant = found.second.empty() ? QString::fromStdString(misspeltTerm(text)) : QString();
            found_->setText(meant.isEmpty() ? countText(static_cast<std::int64_t>(found.second.size()), tr("records"))
                                            : meant);
            listing_ = true;
            tiles_->show(std::move(found.first), std::move(found.second));
            const int row = tiles_->rowOf(current_);
            const auto first = tiles_->index(row >= 0 ? row : 0);
            grid_->setCurrentIndex(first);
            listing_ = false;
            if (row >= 0)
                grid_->scrollTo(first, QAbstractItemView::PositionAtCenter);
            take_->setEnabled(first.isValid());
        },
        [this, done](const Notice& why) { // what was typed cannot be searched for
            if (done())
                found_->setText(QString::fromStdString(why.text));
        });
}

void RecordPicker::choose(const QModelIndex& index)
{
    const auto id = tiles_->id(index.row());
    if (!index.isValid() || id.isEmpty())
        return;
    Q_EMIT recordChosen(id);
    accept();
}

} // namespace nanodit
