#include "app/pages/dataset/captions_panel.h"

#include "widgets/factories.h"
#include "widgets/fitted_columns.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QPushButton>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace nanodit {

namespace {

using namespace std::chrono_literals;
constexpr auto typingPause = 150ms;
constexpr qsizetype mostListed = 500;
constexpr qsizetype contextLength = 16; ///< Characters that are shown before the first difference.
constexpr int formWidth = 404, tagsWidth = 200;

enum ChangeColumn { ChangeRecord, ChangeNow, ChangeThen };
enum TagColumn { TagName, TagCount };

/// Both texts from shortly before their first difference on, so that a narrow column shows it.
std::pair<QString, QString> fromDifference(const QString& now, const QString& then)
{
    const auto shorter = std::min(now.size(), then.size());
    qsizetype same = 0;
    while (same < shorter && now[same] == then[same])
        ++same;
    auto from = same - contextLength;
    if (from <= contextLength) // little is won
        return {now, then};
    if (const auto blank = now.indexOf(QLatin1Char(' '), from); blank >= 0 && blank < same)
        from = blank + 1;
    else if (now[from].isLowSurrogate())
        ++from;
    return {QStringLiteral("…") + now.sliced(from), QStringLiteral("…") + then.sliced(from)};
}

} // namespace

CaptionsPanel::CaptionsPanel(Session& session, Records records, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , records_(std::move(records))
    , scope_(new QComboBox(this))
    , fromName_(new QCheckBox(tr("Use file names where there is no caption"), this))
    , change_(makeButton(tr("Change captions"), {}, {}, true, this))
    , sentence_(new QLabel(this))
    , changes_(makeList("captionChanges", tr("Captions that would change"), {tr("Record"), tr("Now"), tr("Then")}))
    , tags_(makeList("captionTags", tr("Tags of these captions"), {tr("Tag"), tr("Captions")}))
    , changeColumns_(
          new FittedColumns(changes_, {ChangeRecord, ChangeNow, ChangeThen}, FittedColumns::Rest::ToLastColumn))
    , tagColumns_(new FittedColumns(tags_, {TagName}))
{
    sentence_->setObjectName(QStringLiteral("captionsSentence"));
    sentence_->setTextFormat(Qt::PlainText);
    sentence_->setWordWrap(true);
    setRole(sentence_, "section");
    tags_->setFixedWidth(tagsWidth);
    tags_->setToolTip(tr("How often each comma-separated tag occurs in these captions; click one to find it"));
    auto* const preview = new QVBoxLayout;
    preview->setSpacing(4);
    preview->addWidget(sentence_);
    preview->addWidget(changes_, 1);
    auto* const row = new QHBoxLayout(this);
    row->setContentsMargins(0, 4, 0, 4);
    row->setSpacing(16);
    row->addWidget(makeForm());
    row->addLayout(preview, 1);
    row->addWidget(tags_);
    soon_.setSingleShot(true);
    soon_.setInterval(typingPause);
    connect(&soon_, &QTimer::timeout, this, &CaptionsPanel::ask);
    connect(scope_, &QComboBox::currentIndexChanged, this, &CaptionsPanel::refresh);
    connect(fromName_, &QCheckBox::toggled, this, &CaptionsPanel::refresh);
    connect(change_, &QPushButton::clicked, this, [this] {
        QStringList ids;
        for (const auto& change : shown_.changes)
            ids << QString::fromStdString(change.id);
        change_->setEnabled(false); // until the records are others
        Q_EMIT editWanted(shown_.edit, ids);
    });
    const auto choose = [this](const QTreeWidgetItem* item) {
        if (const auto id = item->data(ChangeRecord, Qt::UserRole).toString(); session_.record(id) != nullptr)
            Q_EMIT recordChosen(id);
    };
    connect(changes_, &QTreeWidget::itemClicked, this, choose);
    connect(changes_, &QTreeWidget::itemActivated, this, choose);
    const auto find = [this](const QTreeWidgetItem* item) {
        if (item->flags() == Qt::NoItemFlags)
            return;
        find_->setText(item->text(TagName));
        replacement_->setFocus();
    };
    connect(tags_, &QTreeWidget::itemClicked, this, find);
    connect(tags_, &QTreeWidget::itemActivated, this, find);
    connect(&session_, &Session::workspaceChanged, this, [this] {
        ++asked_; // what is being looked at is of the workspace before
        soon_.stop();
        show(Preview());
        refresh();
    });
    nameScopes();
    show(Preview());
}

QLineEdit* CaptionsPanel::addField(QGridLayout* grid, int row, int column, const char* name, const QString& label,
                                   const QString& example)
{
    auto* const field = new QLineEdit(this);
    field->setObjectName(QLatin1String(name));
    field->setPlaceholderText(example);
    field->setAccessibleName(label);
    auto* const text = new QLabel(label, this);
    setRole(text, "secondary");
    text->setBuddy(field);
    grid->addWidget(text, row, column);
    grid->addWidget(field, row, column + 1);
    connect(field, &QLineEdit::textChanged, this, &CaptionsPanel::refresh);
    connect(field, &QLineEdit::returnPressed, this, [this] {
        if (!idle()) // what was typed last is looked at first
            return;
        if (change_->isEnabled())
            change_->setFocus(); // a second Enter changes
    });
    return field;
}

QWidget* CaptionsPanel::makeForm()
{
    auto* const form = new QWidget(this);
    form->setFixedWidth(formWidth);
    scope_->setObjectName(QStringLiteral("captionScope"));
    scope_->setAccessibleName(tr("Records whose captions are changed"));
    scope_->addItems({QString(), QString()}); // by Scope
    fromName_->setObjectName(QStringLiteral("captionFromName"));
    fromName_->setToolTip(tr("\"red_car-2.png\" gives \"red car 2\"; existing captions are kept"));
    change_->setObjectName(QStringLiteral("changeCaptions"));
    auto* const grid = new QGridLayout;
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(4);
    auto* const records = new QLabel(tr("Records"), form);
    setRole(records, "secondary");
    records->setBuddy(scope_);
    grid->addWidget(records, 0, 0);
    grid->addWidget(scope_, 0, 1, 1, 3);
    find_ = addField(grid, 1, 0, "captionFind", tr("Find"), tr("case-sensitive"));
    replacement_ = addField(grid, 1, 2, "captionReplacement", tr("Replace with"), tr("nothing"));
    before_ = addField(grid, 2, 0, "captionBefore", tr("Prefix"), tr("a drawing of "));
    after_ = addField(grid, 2, 2, "captionAfter", tr("Suffix"), tr(", at night"));
    before_->setToolTip(tr("Added to the start of captions that do not begin with it"));
    after_->setToolTip(tr("Added to the end of captions that do not end with it"));
    grid->addWidget(fromName_, 3, 0, 1, 4);
    grid->addWidget(change_, 4, 0, 1, 4, Qt::AlignLeft);
    grid->setColumnStretch(1, 1);
    grid->setColumnStretch(3, 1);
    auto* const column = new QVBoxLayout(form);
    column->setContentsMargins(0, 0, 0, 0);
    column->addLayout(grid);
    column->addStretch(1);
    return form;
}

QTreeWidget* CaptionsPanel::makeList(const char* name, const QString& accessible, const QStringList& headers)
{
    auto* const list = new QTreeWidget(this);
    list->setObjectName(QLatin1String(name));
    list->setAccessibleName(accessible);
    list->setHeaderLabels(headers);
    list->setRootIsDecorated(false);
    list->setUniformRowHeights(true);
    list->setProperty("bare", true);
    return list;
}

CaptionEdit CaptionsPanel::edit() const
{
    CaptionEdit edit;
    edit.fromName = fromName_->isChecked();
    edit.find = find_->text().toStdString();
    edit.replacement = replacement_->text().toStdString();
    edit.before = before_->text().toStdString();
    edit.after = after_->text().toStdString();
    return edit;
}

CaptionsPanel::Scope CaptionsPanel::scope() const
{
    return static_cast<Scope>(scope_->currentIndex());
}

void CaptionsPanel::chooseScope()
{
    scope_->setCurrentIndex(static_cast<int>(records_.count(Scope::Selected) > 1 ? Scope::Selected : Scope::Listed));
}

void CaptionsPanel::begin()
{
    chooseScope();
    find_->setFocus(Qt::ShortcutFocusReason);
    find_->selectAll();
}

void CaptionsPanel::nameScopes()
{
    const auto named = [this](Scope scope, const QString& unit) {
        scope_->setItemText(static_cast<int>(scope), countText(records_.count(scope), unit));
    };
    named(Scope::Selected, tr("selected records"));
    named(Scope::Listed, tr("listed records"));
}

void CaptionsPanel::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    chooseScope();
    refresh();
}

void CaptionsPanel::refresh()
{
    if (!isVisible())
        return;
    nameScopes();
    change_->setEnabled(false); // until it is known what it would do
    soon_.start();
}

CaptionsPanel::Preview CaptionsPanel::look(const RecordsValue& records, const QStringList& ids, CaptionEdit edit)
{
    Preview preview{.edit = std::move(edit), .changes = {}, .tags = {}};
    std::vector<const RecordInfo*> chosen;
    CaptionTags tags;
    for (const auto& text : ids) {
        const auto id = text.toStdString();
        const auto found = std::ranges::lower_bound(*records, id, {}, &RecordInfo::id);
        if (found == records->end() || found->id != id)
            continue;
        chosen.push_back(&*found);
        tags.add(found->caption);
    }
    preview.changes = captionChanges(chosen, preview.edit);
    preview.tags = tags.sorted();
    return preview;
}

void CaptionsPanel::ask()
{
    queue_.forgetWaiting();
    queue_.ask(
        this,
        [records = session_.recordsValue(), ids = records_.ids(scope()), edit = edit()] {
            return look(records, ids, edit);
        },
        [this, asked = ++asked_](Preview preview) {
            if (asked == asked_ && !soon_.isActive())
                show(std::move(preview));
        },
        [this](const Notice& why) { Q_EMIT failed(tr("Could not preview the changes"), why); });
}

void CaptionsPanel::show(Preview preview)
{
    shown_ = std::move(preview);
    const auto count = static_cast<std::int64_t>(shown_.changes.size());
    change_->setEnabled(count > 0);
    change_->setText(count > 0 ? tr("Change %1").arg(countText(count, tr("captions"))) : tr("Change captions"));
    change_->setToolTip(tr("Ctrl+Z undoes all of it"));
    sentence_->setText(
        isEmpty(shown_.edit) ? tr("Enter a change; the captions it affects are listed here.")
        : count == 0
            ? tr("No caption would change.")
            : tr("%1 would change; their text embeddings become stale.").arg(countText(count, tr("captions"))));
    changes_->clear();
    for (const auto& change : shown_.changes) {
        if (changes_->topLevelItemCount() == mostListed) {
            addRest(changes_, count - mostListed);
            break;
        }
        const auto id = QString::fromStdString(change.id);
        const auto now = QString::fromStdString(change.before), then = QString::fromStdString(change.after);
        const auto [nowShown, thenShown] = fromDifference(now, then);
        auto* const item =
            new QTreeWidgetItem(changes_, {id, now.isEmpty() ? QStringLiteral("–") : nowShown, thenShown});
        item->setData(ChangeRecord, Qt::UserRole, id);
        item->setToolTip(ChangeNow, toolTipOf(now));
        item->setToolTip(ChangeThen, toolTipOf(then));
    }
    changeColumns_->measure();
    showTags();
}

void CaptionsPanel::showTags()
{
    tags_->clear();
    for (const auto& [tag, count] : shown_.tags) {
        if (tags_->topLevelItemCount() == mostListed) {
            addRest(tags_, std::ssize(shown_.tags) - mostListed);
            break;
        }
        auto* const item = new QTreeWidgetItem(tags_, {QString::fromStdString(tag), groupedNumber(count)});
        item->setTextAlignment(TagCount, Qt::AlignRight | Qt::AlignVCenter);
    }
    tags_->headerItem()->setTextAlignment(TagCount, Qt::AlignRight | Qt::AlignVCenter);
    tagColumns_->measure();
}

} // namespace nanodit
