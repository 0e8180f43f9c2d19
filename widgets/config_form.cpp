#include "widgets/config_form.h"

#include "widgets/field_editors.h"
#include "widgets/icons.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QAbstractButton>
#include <QCheckBox>
#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QScrollArea>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

const std::string ungrouped = "general";
constexpr int editorWidth = 124, editorCharacters = 15; ///< The more of the two.
constexpr int betweenRows = 4;

QString rangeText(const ConfigField& field)
{
    const bool low = std::isfinite(field.minimum), high = std::isfinite(field.maximum);
    const auto unit = field.unit.empty() ? QString() : QLatin1Char(' ') + QString::fromStdString(field.unit);
    if (low && high)
        return QStringLiteral("%1 to %2%3")
            .arg(QString::number(field.minimum, 'g', 6), QString::number(field.maximum, 'g', 6), unit);
    return {};
}

QString helpOf(const ConfigField& field)
{
    auto text = QStringLiteral("<b>%1</b><br>%2")
                    .arg(QString::fromStdString(field.key), QString::fromStdString(field.help).toHtmlEscaped());
    const bool number = field.value.index() == 1 || field.value.index() == 2 || field.value.index() == 4;
    if (const auto range = rangeText(field); number && !range.isEmpty())
        text += QStringLiteral("<br>%1").arg(range);
    return text;
}

/// All but the value.
bool describesTheSame(const ConfigField& a, const ConfigField& b)
{
    return a.key == b.key && a.help == b.help && a.groupHelp == b.groupHelp && a.minimum == b.minimum &&
           a.maximum == b.maximum && a.unit == b.unit && a.names == b.names && a.path == b.path &&
           a.value.index() == b.value.index();
}

} // namespace

QString labelOfKey(const std::string& key)
{
    static const std::map<std::string, QString> known = {{"lr", QStringLiteral("Learning rate")},
                                                         {"lr_factor", QStringLiteral("Learning rate factor")},
                                                         {"mlp_ratio", QStringLiteral("MLP ratio")},
                                                         {"qk_norm", QStringLiteral("QK norm")},
                                                         {"ema", QStringLiteral("EMA")},
                                                         {"use_dino_patches", QStringLiteral("Use DINO patches")},
                                                         {"normalise_dino", QStringLiteral("Normalise DINO")},
                                                         {"drop_dino", QStringLiteral("Drop DINO")},
                                                         {"dino_dim", QStringLiteral("DINO width")},
                                                         {"text_dim", QStringLiteral("Text width")},
                                                         {"dino_scale", QStringLiteral("DINO scale")},
                                                         {"eps", QStringLiteral("Epsilon")},
                                                         {"num_heads", QStringLiteral("Heads")},
                                                         {"frequency_dim", QStringLiteral("Frequency width")},
                                                         {"logit_std", QStringLiteral("Logit deviation")},
                                                         {"shift", QStringLiteral("Shift s")}};
    if (const auto found = known.find(key); found != known.end())
        return found->second;
    auto label = QString::fromStdString(key).replace(QLatin1Char('_'), QLatin1Char(' '));
    if (!label.isEmpty())
        label[0] = label[0].toUpper();
    return label;
}

ConfigForm::ConfigForm(QWidget* parent)
    : QWidget(parent)
    , search_(new QLineEdit(this))
    , changedOnly_(new QCheckBox(tr("Only changed settings"), this))
    , issues_(new QLabel(this))
    , none_(new QLabel(this))
    , scroll_(new QScrollArea(this))
{
    search_->setPlaceholderText(tr("Search settings"));
    search_->setAccessibleName(tr("Search settings"));
    search_->setClearButtonEnabled(true);
    search_->addAction(icon(QStringLiteral("search"), Hue::Grey), QLineEdit::LeadingPosition);
    changedOnly_->setToolTip(tr("Show only settings that differ from the configuration file"));
    issues_->setTextFormat(Qt::PlainText);
    issues_->setWordWrap(true);
    setRole(issues_, "problem");
    issues_->hide();
    none_->setObjectName(QStringLiteral("noSettings"));
    none_->setWordWrap(true);
    setRole(none_, "secondary");
    none_->hide();
    scroll_->setWidgetResizable(true);
    scroll_->setFrameShape(QFrame::NoFrame);
    scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);

    auto* const head = new QHBoxLayout;
    head->setSpacing(8);
    head->addWidget(search_, 1);
    head->addWidget(changedOnly_);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addLayout(head);
    column->addWidget(issues_);
    column->addWidget(none_);
    column->addWidget(scroll_, 1);
    connect(search_, &QLineEdit::textChanged, this, &ConfigForm::applyFilter);
    connect(changedOnly_, &QCheckBox::toggled, this, &ConfigForm::applyFilter);
}

void ConfigForm::setFields(const std::vector<ConfigField>& fields)
{
    auto ordered = fields; // what belongs to no group comes last, together
    std::ranges::stable_partition(ordered, [](const ConfigField& field) { return !field.group.empty(); });
    const bool same = std::ranges::equal(ordered, rows_, describesTheSame, {}, &Row::field);
    if (!same)
        makeRows(ordered);
    filling_ = true;
    for (std::size_t i = 0; same && i < rows_.size(); ++i) { // other values in the same form: it stays
        rows_[i].field = ordered[i];
        rows_[i].write(ordered[i].value);
    }
    filling_ = false;
    showIssues({});
    setUsable();
    applyFilter();
}

void ConfigForm::makeRows(const std::vector<ConfigField>& fields)
{
    rows_.clear();
    groups_.clear();
    content_ = new QWidget;
    contentColumn_ = new QVBoxLayout(content_);
    contentColumn_->setContentsMargins(0, 0, 4, 0);
    contentColumn_->setSpacing(8);
    for (const auto& field : fields)
        addRow(field);
    contentColumn_->addStretch(1);
    scroll_->setWidget(content_);
}

ConfigForm::Group& ConfigForm::groupOf(const ConfigField& field)
{
    const auto name = field.group.empty() ? ungrouped : field.group;
    auto& group = groups_[name];
    if (group.box != nullptr)
        return group;
    group.box = new QWidget(content_);
    auto* const column = new QVBoxLayout(group.box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    group.header = new QToolButton(group.box);
    group.header->setProperty("section", true);
    group.header->setCheckable(true);
    group.header->setChecked(true);
    group.header->setText(labelOfKey(name));
    group.header->setToolTip(QString::fromStdString(field.groupHelp));
    group.header->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    group.header->setIcon(icon(QStringLiteral("chevron-down")));
    group.header->setIconSize({12, 12});
    auto bold = group.header->font();
    bold.setBold(true);
    group.header->setFont(bold);
    group.body = new QWidget(group.box);
    group.grid = new QGridLayout(group.body);
    group.grid->setContentsMargins(2, 0, 0, 4);
    group.grid->setHorizontalSpacing(4);
    group.grid->setVerticalSpacing(0); // a hidden row would leave the space around it
    group.grid->setColumnStretch(0, 1);
    column->addWidget(group.header);
    column->addWidget(group.body);
    contentColumn_->addWidget(group.box);
    connect(group.header, &QToolButton::toggled, group.body, [header = group.header, body = group.body](bool open) {
        body->setVisible(open);
        header->setIcon(icon(open ? QStringLiteral("chevron-down") : QStringLiteral("chevron-right")));
    });
    return group;
}

void ConfigForm::addRow(const ConfigField& field)
{
    auto& group = groupOf(field);
    const auto index = rows_.size();
    Row row{.field = field,
            .label = new QLabel(labelOfKey(field.name), group.body),
            .reset = new QToolButton(group.body),
            .read = {},
            .write = {}};
    auto editor = makeFieldEditor(
        field, group.body, [this, index] { rowEdited(index); },
        [this, key = QString::fromStdString(field.key)](bool folder) { Q_EMIT browseWanted(key, folder); });
    row.editor = editor.widget;
    row.read = std::move(editor.read);
    row.write = std::move(editor.write);
    row.editor->setObjectName(QString::fromStdString(field.key));
    row.editor->setAccessibleName(QStringLiteral("%1: %2").arg(QString::fromStdString(field.group), row.label->text()));
    row.editor->setToolTip(helpOf(field));
    int part = 0; // of a setting that has several inputs
    for (auto* const input : row.editor->findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly)) {
        if (input->focusPolicy() != Qt::NoFocus && input->focusProxy() == nullptr &&
            qobject_cast<QAbstractButton*>(input) == nullptr)
            input->setAccessibleName(QStringLiteral("%1, %2").arg(row.editor->accessibleName()).arg(++part));
    }
    if (!editor.wide)
        row.editor->setFixedWidth(std::max(editorWidth, editorCharacters * fontMetrics().averageCharWidth()));
    row.label->setToolTip(helpOf(field));
    row.label->setBuddy(row.editor);
    row.label->setMinimumWidth(60);
    row.label->setMinimumHeight((editor.wide ? static_cast<QWidget*>(row.label) : row.editor)->sizeHint().height() +
                                betweenRows);

    row.reset->setProperty("flat", true);
    row.reset->setIcon(icon(QStringLiteral("reset")));
    row.reset->setIconSize({12, 12});
    row.reset->setFixedSize(20, 20);
    row.reset->setFocusPolicy(Qt::TabFocus);
    row.reset->setToolTip(tr("Reset this setting"));
    row.reset->setAccessibleName(tr("Reset %1").arg(row.label->text()));
    auto keepsPlace = row.reset->sizePolicy();
    keepsPlace.setRetainSizeWhenHidden(true);
    row.reset->setSizePolicy(keepsPlace);
    row.reset->hide();
    connect(row.reset, &QToolButton::clicked, this, [this, index] { rows_[index].write(rows_[index].field.value); });

    const auto line = 2 * static_cast<int>(group.rows.size());
    group.grid->addWidget(row.label, line, 0);
    if (editor.wide)
        group.grid->addWidget(row.editor, line + 1, 0, 1, 3);
    else
        group.grid->addWidget(row.editor, line, 1);
    group.grid->addWidget(row.reset, line, 2);
    group.rows.push_back(index);
    rows_.push_back(std::move(row));
}

void ConfigForm::rowEdited(std::size_t index)
{
    if (filling_ || index >= rows_.size()) // while its own row is being made
        return;
    markRow(rows_[index]);
    Q_EMIT edited();
}

void ConfigForm::markRow(const Row& row)
{
    const bool changed = row.changed();
    row.reset->setVisible(changed && row.editor->isEnabled() && !row.label->isHidden());
    if (auto font = row.label->font(); font.bold() != changed) { // a font that is set anew is styled anew
        font.setBold(changed);
        row.label->setFont(font);
    }
}

std::map<std::string, FieldValue> ConfigForm::values() const
{
    std::map<std::string, FieldValue> result;
    for (const auto& row : rows_)
        result.emplace(row.field.key, row.read());
    return result;
}

std::vector<std::string> ConfigForm::keys() const
{
    std::vector<std::string> result;
    for (const auto& row : rows_)
        result.push_back(row.field.key);
    return result;
}

void ConfigForm::setValue(const std::string& key, const FieldValue& value)
{
    for (const auto& row : rows_) {
        if (row.field.key == key)
            row.write(value);
    }
}

void ConfigForm::showIssues(const std::vector<ConfigIssue>& issues)
{
    QStringList lines;
    for (const auto& row : rows_) {
        setRole(row.label, "");
        row.editor->setToolTip(helpOn(row));
    }
    for (const auto& issue : issues) {
        lines << QStringLiteral("%1 %2").arg(QString::fromStdString(issue.key), QString::fromStdString(issue.message));
        for (const auto& row : rows_) {
            if (row.field.key == issue.key) {
                setRole(row.label, "problem");
                row.editor->setToolTip(toolTipOf(QString::fromStdString(issue.message)));
            }
        }
    }
    issues_->setText(lines.join(QLatin1Char('\n')));
    issues_->setVisible(!lines.isEmpty());
}

void ConfigForm::setReadOnly(bool readOnly)
{
    readOnly_ = readOnly;
    setUsable();
}

void ConfigForm::lock(const std::vector<std::string>& prefixes, const QString& why)
{
    if (prefixes == locked_)
        return;
    locked_ = prefixes;
    whyLocked_ = why;
    setUsable();
}

bool ConfigForm::isLocked(const Row& row) const
{
    return std::ranges::any_of(locked_, [&row](const auto& prefix) { return row.field.key.starts_with(prefix); });
}

/// And why it cannot be changed, if so.
QString ConfigForm::helpOn(const Row& row) const
{
    return isLocked(row) ? helpOf(row.field) + QStringLiteral("<br><i>%1</i>").arg(whyLocked_.toHtmlEscaped())
                         : helpOf(row.field);
}

void ConfigForm::setUsable()
{
    for (const auto& row : rows_) {
        row.editor->setEnabled(!readOnly_ && !isLocked(row));
        row.editor->setToolTip(helpOn(row));
        markRow(row);
    }
}

void ConfigForm::applyFilter()
{
    const auto words = search_->text().split(QLatin1Char(' '), Qt::SkipEmptyParts);
    bool any = rows_.empty(); // else there is nothing to search
    for (const auto& [name, group] : groups_) {
        bool anyShown = false;
        for (const auto index : group.rows) {
            const auto& row = rows_[index];
            const auto haystack = QString::fromStdString(row.field.key + " " + row.field.help) + row.label->text();
            const bool found = std::all_of(words.begin(), words.end(), [&haystack](const QString& word) {
                return haystack.contains(word, Qt::CaseInsensitive);
            });
            const bool shown = found && (!changedOnly_->isChecked() || row.changed());
            row.label->setVisible(shown);
            row.editor->setVisible(shown);
            row.reset->setVisible(shown && row.changed() && row.editor->isEnabled());
            anyShown = anyShown || shown;
        }
        group.box->setVisible(anyShown);
        any = any || anyShown;
    }
    none_->setText(!changedOnly_->isChecked() ? tr("No setting matches.")
                   : words.isEmpty()          ? tr("No setting differs from the configuration file.")
                                              : tr("No changed setting matches."));
    none_->setVisible(!any);
}

} // namespace nanodit
