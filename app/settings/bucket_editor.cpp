#include "app/settings/bucket_editor.h"

#include "app/background_queue.h"
#include "core/front/data.h"
#include "core/runtime/error.h"
#include "widgets/factories.h"
#include "widgets/fitted_header.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {

enum BucketColumn { BucketSize, Pictures, BucketTraining, BucketLost, BucketEnlarged };

/// Why a size cannot be a bucket, or nothing.
QString whyNot(const QString& typed, const std::vector<ImageSize>& there, ImageSize& size)
{
    try {
        size = bucketFromName(typed.trimmed().toLower().remove(QLatin1Char(' ')).toStdString());
    } catch (const Error&) {
        return BucketEditor::tr("Enter width x height in pixels, for example 768x512.");
    }
    if (size.width % 16 != 0 || size.height % 16 != 0)
        return BucketEditor::tr("Both sides must be multiples of 16 pixels; the nearest is %1x%2.")
            .arg(QString::number(std::max<std::int64_t>(1, (size.width + 8) / 16) * 16),
                 QString::number(std::max<std::int64_t>(1, (size.height + 8) / 16) * 16));
    if (std::ranges::find(there, size) != there.end())
        return BucketEditor::tr("%1 is already in the list.").arg(QString::fromStdString(bucketName(size)));
    return {};
}

} // namespace

BucketEditor::BucketEditor(Session& session, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , table_(new QTreeWidget(this))
    , size_(new QLineEdit(this))
    , wrong_(new QLabel(this))
    , summary_(new QLabel(this))
    , remove_(
          makeButton(tr("Remove"), QStringLiteral("clear"), tr("Remove the selected buckets (Delete)"), false, this))
{
    auto* const presets = new QHBoxLayout;
    presets->setSpacing(8);
    auto* const around = new QLabel(tr("Preset: side of the square bucket in pixels"), this);
    setRole(around, "secondary");
    presets->addWidget(around);
    for (const auto side : bucketPresetSides) {
        auto* const preset =
            makeButton(QString::number(side), {},
                       tr("Buckets of about %1 x %1 pixels in seven aspect ratios").arg(side), false, this);
        preset->setObjectName(QStringLiteral("preset-%1").arg(side));
        presets->addWidget(preset);
        connect(preset, &QPushButton::clicked, this, [this, side] { take(bucketPreset(side)); });
    }
    presets->addStretch(1);

    table_->setObjectName(QStringLiteral("bucketTable"));
    table_->setAccessibleName(tr("Buckets"));
    table_->setHeaderLabels({tr("Bucket"), tr("Pictures"), tr("Training"), tr("Cropped away"), tr("Enlarged")});
    table_->headerItem()->setToolTip(BucketLost, tr("Mean share of the originals' pixels that cropping removes"));
    table_->headerItem()->setToolTip(BucketEnlarged, tr("Share of the pictures that are smaller than the bucket"));
    table_->setRootIsDecorated(false);
    table_->setUniformRowHeights(true);
    table_->setSelectionMode(QAbstractItemView::ExtendedSelection);
    auto* const header = new FittedHeader(table_);
    table_->setHeader(header);
    header->setSectionResizeMode(QHeaderView::Stretch);
    for (int column = Pictures; column <= BucketEnlarged; ++column)
        table_->headerItem()->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);

    size_->setObjectName(QStringLiteral("newBucket"));
    size_->setPlaceholderText(tr("768x512"));
    size_->setAccessibleName(tr("Another bucket, width x height in pixels"));
    auto* const addButton = makeButton(tr("Add"), QStringLiteral("check"), tr("Add this size (Enter)"), false, this);
    addButton->setObjectName(QStringLiteral("addBucket"));
    remove_->setObjectName(QStringLiteral("removeBucket"));
    setRole(wrong_, "problem");
    wrong_->setObjectName(QStringLiteral("bucketProblem"));
    summary_->setObjectName(QStringLiteral("bucketSummary"));
    setRole(summary_, "secondary");
    summary_->setWordWrap(true);
    auto* const own = new QHBoxLayout;
    own->setSpacing(8);
    size_->setMaximumWidth(140);
    own->addWidget(size_);
    own->addWidget(addButton);
    own->addWidget(wrong_, 1);
    own->addWidget(remove_);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addLayout(presets);
    column->addWidget(table_, 1);
    column->addLayout(own);
    column->addWidget(summary_);

    connect(addButton, &QPushButton::clicked, this, &BucketEditor::add);
    connect(size_, &QLineEdit::returnPressed, this, &BucketEditor::add);
    connect(size_, &QLineEdit::textEdited, wrong_, &QLabel::clear);
    connect(remove_, &QPushButton::clicked, this, &BucketEditor::removeSelected);
    connect(table_, &QTreeWidget::itemSelectionChanged, this,
            [this] { remove_->setEnabled(!table_->selectedItems().isEmpty()); });
    auto* const shortcut = new QAction(tr("Remove the selected buckets"), table_);
    shortcut->setShortcut(Qt::Key_Delete);
    shortcut->setShortcutContext(Qt::WidgetShortcut);
    table_->addAction(shortcut);
    connect(shortcut, &QAction::triggered, this, &BucketEditor::removeSelected);
    connect(&session_, &Session::recordsChanged, this, &BucketEditor::count);
    remove_->setEnabled(false);
}

void BucketEditor::show(const std::vector<ImageSize>& buckets)
{
    buckets_ = buckets;
    list(bucketFacts({}, buckets_), 0);
    count();
}

void BucketEditor::take(std::vector<ImageSize> buckets)
{
    wrong_->clear();
    show(buckets);
    Q_EMIT changed();
}

void BucketEditor::add()
{
    ImageSize size;
    if (const auto why = whyNot(size_->text(), buckets_, size); !why.isEmpty()) {
        wrong_->setText(why);
        return;
    }
    auto buckets = buckets_;
    buckets.push_back(size);
    size_->clear();
    take(std::move(buckets));
}

void BucketEditor::removeSelected()
{
    auto buckets = buckets_;
    for (const auto* const item : table_->selectedItems())
        std::erase(buckets, bucketFromName(item->text(BucketSize).toStdString()));
    take(std::move(buckets));
}

void BucketEditor::count()
{
    if (session_.records().empty() || buckets_.empty())
        return;
    struct Counted {
        std::vector<BucketFacts> facts;
        std::int64_t moved = 0, excluded = 0;
    };
    session_.background().ask(
        this,
        [records = session_.recordsValue(), buckets = buckets_] {
            Counted counted{.facts = bucketFacts(*records, buckets)};
            for (const auto& record : *records) {
                counted.excluded += !record.excluded.empty();
                counted.moved += record.excluded.empty() && record.original.width > 0 && record.original.height > 0 &&
                                 nearestBucket(record.original, buckets) != record.bucket;
            }
            return counted;
        },
        [this, asked = buckets_](const Counted& counted) {
            if (asked != buckets_)
                return;
            list(counted.facts, counted.moved);
            if (std::ranges::all_of(counted.facts, [](const BucketFacts& bucket) { return bucket.records == 0; }))
                summary_->setText(tr("No records are included."));
            if (counted.excluded > 0)
                summary_->setText(summary_->text() + QLatin1Char(' ') +
                                  tr("Not counted: %1 excluded.").arg(groupedNumber(counted.excluded)));
        });
}

void BucketEditor::list(const std::vector<BucketFacts>& facts, std::int64_t moved)
{
    table_->clear();
    double lost = 0;
    std::int64_t pictures = 0;
    for (const auto& bucket : facts) {
        auto* const item = new QTreeWidgetItem(table_);
        item->setText(BucketSize, QString::fromStdString(bucketName(bucket.bucket)));
        item->setText(Pictures, groupedNumber(bucket.records));
        item->setText(BucketTraining, groupedNumber(bucket.training));
        item->setText(BucketLost, bucket.records > 0 ? shareText(bucket.lost) : QStringLiteral("–"));
        item->setText(BucketEnlarged, bucket.records > 0 ? shareText(bucket.enlarged) : QStringLiteral("–"));
        for (int column = Pictures; column <= BucketEnlarged; ++column)
            item->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
        lost += bucket.lost * static_cast<double>(bucket.records);
        pictures += bucket.records;
    }
    remove_->setEnabled(false);
    if (pictures == 0) {
        summary_->setText(session_.records().empty() ? tr("Pictures are counted here once they have been imported.")
                                                     : tr("Counting…"));
        return;
    }
    auto text = tr("%1; cropping cuts away %2 of them on average.")
                    .arg(countText(pictures, tr("pictures")), shareText(lost / static_cast<double>(pictures)));
    if (moved > 0)
        text += QLatin1Char(' ') + tr("%1 change their bucket: run the passes and pack the shards again afterwards.")
                                       .arg(countText(moved, tr("pictures")));
    summary_->setText(text);
}

} // namespace nanodit
