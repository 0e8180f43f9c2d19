#include "widgets/field_editors.h"

#include "widgets/factories.h"
#include "widgets/number_edit.h"

#include <QCheckBox>
#include <QComboBox>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QMenu>
#include <QToolButton>

#include <algorithm>
#include <memory>
#include <utility>

namespace nanodit {

namespace {

FieldEditor checkBox(QWidget* parent, const std::function<void()>& edited)
{
    auto* const box = new QCheckBox(parent);
    QObject::connect(box, &QCheckBox::toggled, box, edited);
    return {.widget = box,
            .read = [box] { return FieldValue(box->isChecked()); },
            .write = [box](const FieldValue& value) { box->setChecked(std::get<bool>(value)); }};
}

FieldEditor wholeNumber(const ConfigField& field, QWidget* parent, const std::function<void()>& edited)
{
    auto* const box = new NumberEdit(NumberEdit::Kind::Whole, field.minimum, field.maximum,
                                     QString::fromStdString(field.unit), parent);
    box->setZeroText(QString::fromStdString(field.zero));
    QObject::connect(box, &NumberEdit::valueChanged, box, edited);
    return {
        .widget = box,
        .read = [box] { return FieldValue(static_cast<std::int64_t>(box->value())); },
        .write = [box](const FieldValue& value) { box->setValue(static_cast<double>(std::get<std::int64_t>(value))); }};
}

FieldEditor realNumber(const ConfigField& field, QWidget* parent, const std::function<void()>& edited)
{
    auto* const box = new NumberEdit(NumberEdit::Kind::Real, field.minimum, field.maximum,
                                     QString::fromStdString(field.unit), parent);
    box->setZeroText(QString::fromStdString(field.zero));
    QObject::connect(box, &NumberEdit::valueChanged, box, edited);
    return {.widget = box,
            .read = [box] { return FieldValue(box->value()); },
            .write = [box](const FieldValue& value) { box->setValue(std::get<double>(value)); }};
}

FieldEditor choice(const ConfigField& field, QWidget* parent, const std::function<void()>& edited)
{
    auto* const box = new QComboBox(parent);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(8);
    for (const auto& name : field.names)
        box->addItem(QString::fromStdString(name));
    QObject::connect(box, &QComboBox::currentIndexChanged, box, edited);
    return {.widget = box,
            .read = [box] { return FieldValue(box->currentText().toStdString()); },
            .write =
                [box](const FieldValue& value) {
                    box->setCurrentText(QString::fromStdString(std::get<std::string>(value)));
                }};
}

FieldEditor text(QWidget* parent, const std::function<void()>& edited)
{
    auto* const line = new QLineEdit(parent);
    QObject::connect(line, &QLineEdit::textChanged, line, edited);
    return {
        .widget = line,
        .read = [line] { return FieldValue(line->text().toStdString()); },
        .write =
            [line](const FieldValue& value) { line->setText(QString::fromStdString(std::get<std::string>(value))); }};
}

FieldEditor pair(const ConfigField& field, QWidget* parent, const std::function<void()>& edited)
{
    auto* const both = new QWidget(parent);
    auto* const row = new QHBoxLayout(both);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(4);
    std::array<NumberEdit*, 2> boxes{};
    for (auto*& box : boxes) {
        box = new NumberEdit(NumberEdit::Kind::Real, field.minimum, field.maximum, QString::fromStdString(field.unit),
                             both);
        box->setButtonSymbols(QAbstractSpinBox::NoButtons);
        box->setProperty("buttons", "none");
        box->setMinimumWidth(48);
        row->addWidget(box);
        QObject::connect(box, &NumberEdit::valueChanged, box, edited);
    }
    both->setFocusProxy(boxes[0]);
    return {.widget = both,
            .read =
                [boxes] {
                    return FieldValue(std::array{boxes[0]->value(), boxes[1]->value()});
                },
            .write =
                [boxes](const FieldValue& value) {
                    const auto& numbers = std::get<std::array<double, 2>>(value);
                    boxes[0]->setValue(numbers[0]);
                    boxes[1]->setValue(numbers[1]);
                }};
}

FieldEditor textList(QWidget* parent, const std::function<void()>& edited)
{
    auto* const line = new QLineEdit(parent);
    line->setPlaceholderText(QObject::tr("separate several with ;"));
    QObject::connect(line, &QLineEdit::textChanged, line, edited);
    return {.widget = line,
            .read =
                [line] {
                    std::vector<std::string> parts;
                    for (const auto& part : line->text().split(QLatin1Char(';'), Qt::SkipEmptyParts))
                        parts.push_back(part.trimmed().toStdString());
                    return FieldValue(parts);
                },
            .write =
                [line](const FieldValue& value) {
                    QStringList parts;
                    for (const auto& part : std::get<std::vector<std::string>>(value))
                        parts << QString::fromStdString(part);
                    line->setText(parts.join(QStringLiteral("; ")));
                }};
}

/// What the list held keeps its order, also a name that has no box: the configuration is to refuse it.
FieldEditor checkBoxes(const ConfigField& field, QWidget* parent, const std::function<void()>& edited)
{
    auto* const all = new QWidget(parent);
    auto* const grid = new QGridLayout(all);
    grid->setContentsMargins(0, 0, 0, 4);
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(4);
    constexpr int columns = 2;
    std::vector<std::pair<std::string, QCheckBox*>> boxes;
    for (const auto& name : field.names) {
        auto label = QString::fromStdString(name).replace(QLatin1Char('_'), QLatin1Char(' '));
        if (!label.isEmpty())
            label[0] = label[0].toUpper();
        auto* const box = new QCheckBox(label, all);
        box->setObjectName(QString::fromStdString(field.key + "." + name));
        const auto place = static_cast<int>(boxes.size());
        grid->addWidget(box, place / columns, place % columns);
        QObject::connect(box, &QCheckBox::toggled, box, edited);
        boxes.emplace_back(name, box);
    }
    all->setFocusProxy(boxes.front().second);
    const auto held = std::make_shared<std::vector<std::string>>();
    return {.widget = all,
            .read =
                [boxes, held] {
                    std::vector<std::string> names;
                    for (const auto& name : *held) {
                        const auto box = std::ranges::find(boxes, name, &std::pair<std::string, QCheckBox*>::first);
                        if (box == boxes.end() || box->second->isChecked())
                            names.push_back(name);
                    }
                    for (const auto& [name, box] : boxes) {
                        if (box->isChecked() && std::ranges::find(names, name) == names.end())
                            names.push_back(name);
                    }
                    return FieldValue(names);
                },
            .write =
                [boxes, held](const FieldValue& value) {
                    *held = std::get<std::vector<std::string>>(value);
                    for (const auto& [name, box] : boxes)
                        box->setChecked(std::ranges::find(*held, name) != held->end());
                },
            .wide = true};
}

FieldEditor path(const ConfigField& field, QWidget* parent, const std::function<void()>& edited,
                 const std::function<void(bool folder)>& browse)
{
    auto* const both = new QWidget(parent);
    auto* const line = new QLineEdit(both);
    line->setObjectName(QString::fromStdString(field.key + ".path"));
    auto* const choose = makeFlatButton(QStringLiteral("folder"), QObject::tr("Choose a folder or a file"), both);
    choose->setObjectName(QString::fromStdString(field.key + ".choose"));
    choose->setFocusPolicy(Qt::StrongFocus);
    auto* const menu = new QMenu(choose);
    menu->addAction(QObject::tr("A folder…"), choose, [browse] { browse(true); });
    menu->addAction(QObject::tr("A file…"), choose, [browse] { browse(false); });
    choose->setMenu(menu);
    choose->setPopupMode(QToolButton::InstantPopup);
    auto* const row = new QHBoxLayout(both);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(2);
    row->addWidget(line, 1);
    row->addWidget(choose);
    both->setFocusProxy(line);
    QObject::connect(line, &QLineEdit::textChanged, line, edited);
    return {
        .widget = both,
        .read = [line] { return FieldValue(line->text().toStdString()); },
        .write =
            [line](const FieldValue& value) { line->setText(QString::fromStdString(std::get<std::string>(value))); },
        .wide = true};
}

FieldEditor makeByKind(const ConfigField& field, QWidget* parent, const std::function<void()>& edited,
                       const std::function<void(bool folder)>& browse)
{
    const bool list = std::holds_alternative<std::vector<std::string>>(field.value);
    if (!field.names.empty())
        return list ? checkBoxes(field, parent, edited) : choice(field, parent, edited);
    if (field.path)
        return path(field, parent, edited, browse);
    switch (field.value.index()) {
    case 0:
        return checkBox(parent, edited);
    case 1:
        return wholeNumber(field, parent, edited);
    case 2:
        return realNumber(field, parent, edited);
    case 3:
        return text(parent, edited);
    case 4:
        return pair(field, parent, edited);
    default:
        return textList(parent, edited);
    }
}

} // namespace

FieldEditor makeFieldEditor(const ConfigField& field, QWidget* parent, const std::function<void()>& edited,
                            const std::function<void(bool folder)>& browse)
{
    auto editor = makeByKind(field, parent, edited, browse);
    editor.write(field.value);
    return editor;
}

} // namespace nanodit
