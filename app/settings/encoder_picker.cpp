#include "app/settings/encoder_picker.h"

#include "app/background_queue.h"
#include "app/dialogs.h"
#include "core/io/size_text.h"
#include "widgets/factories.h"
#include "widgets/icons.h"
#include "widgets/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include <system_error>

namespace nanodit {

using namespace std::chrono_literals;

namespace {

QString text(const std::string& utf8)
{
    return QString::fromStdString(utf8);
}

/// "DINOv3 ViT: 24 layers of width 1024, patches of 16 pixels. 303.1 M parameters in bfloat16, 606.3 MB; ..."
QString goodText(const EncoderFacts& facts)
{
    auto found = text(facts.kind);
    if (!facts.description.empty())
        found += QStringLiteral(": ") + text(facts.description);
    QStringList size;
    if (facts.parameters > 0)
        size << EncoderPicker::tr("%1 M parameters in %2")
                    .arg(QString::number(static_cast<double>(facts.parameters) / 1e6, 'f', 1), text(facts.precision));
    if (facts.bytes > 0)
        size << text(sizeText(facts.bytes));
    if (facts.memoryNeeded > 0)
        size << EncoderPicker::tr("needs %1 of memory for %2")
                    .arg(text(sizeText(facts.memoryNeeded)), text(facts.memoryFor));
    return size.isEmpty() ? found : found + QLatin1Char('\n') + size.join(QStringLiteral(" · "));
}

} // namespace

EncoderPicker::EncoderPicker(const std::string& role, const QString& title, const QString& expected,
                             BackgroundQueue& readings, Dialogs& dialogs, QWidget* parent)
    : QWidget(parent)
    , role_(role)
    , readings_(readings)
    , dialogs_(dialogs)
    , path_(new QLineEdit(this))
    , mark_(new QLabel(this))
    , found_(new QLabel(this))
{
    auto* const heading = makeSection(title, this);
    path_->setObjectName(text("encoder-" + role));
    path_->setAccessibleName(tr("Folder: %1").arg(title));
    path_->setPlaceholderText(expected);
    path_->setClearButtonEnabled(true);
    heading->setBuddy(path_);
    auto* const choose = makeButton(tr("Choose…"), QStringLiteral("folder"), expected, false, this);
    choose->setAccessibleName(tr("Choose the folder: %1").arg(title));
    found_->setObjectName(text("found-" + role));
    found_->setWordWrap(true);
    found_->setTextFormat(Qt::PlainText);
    found_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    found_->setMinimumHeight(2 * found_->fontMetrics().lineSpacing()); // nothing below moves when it is known
    found_->setAlignment(Qt::AlignTop);
    mark_->setFixedWidth(20);
    mark_->setAlignment(Qt::AlignTop);

    auto* const field = new QHBoxLayout;
    field->setSpacing(8);
    field->addWidget(path_, 1);
    field->addWidget(choose);
    auto* const result = new QHBoxLayout;
    result->setSpacing(4);
    result->addWidget(mark_);
    result->addWidget(found_, 1);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(heading);
    column->addLayout(field);
    column->addLayout(result);

    soon_.setSingleShot(true);
    soon_.setInterval(300ms);
    connect(&soon_, &QTimer::timeout, this, &EncoderPicker::inspect);
    connect(choose, &QPushButton::clicked, this, &EncoderPicker::browse);
    connect(path_, &QLineEdit::textChanged, this, [this] {
        soon_.start();
        Q_EMIT changed();
    });
}

void EncoderPicker::show(const std::string& folder, const std::filesystem::path& root)
{
    root_ = root;
    path_->setText(text(folder));
    inspect();
}

std::string EncoderPicker::folder() const
{
    return path_->text().trimmed().toStdString();
}

void EncoderPicker::setLoad(const EncoderLoad& load)
{
    load_ = load;
}

void EncoderPicker::browse()
{
    const auto chosen = dialogs_.chooseFolder(this, tr("The folder of the model"));
    if (chosen.isEmpty())
        return;
    const auto inside = std::filesystem::path(chosen.toStdString()).lexically_relative(root_);
    const bool within = !inside.empty() && *inside.begin() != "..";
    path_->setText(within ? text(inside.string()) : chosen);
}

void EncoderPicker::inspect()
{
    soon_.stop();
    const int number = ++asked_;
    const auto typed = folder();
    mark_->clear();
    setRole(found_, "secondary");
    if (typed.empty()) {
        found_->setText(role_ == "lpips" ? tr("None: validation skips LPIPS") : tr("None yet"));
        return;
    }
    found_->setText(tr("Checking…"));
    const auto place = (root_ / std::filesystem::path(typed)).lexically_normal();
    disk_.ask(
        [place] {
            std::error_code none;
            return std::filesystem::exists(place, none);
        },
        [this, number, place](bool) { // it answers; what is wrong with the folder is told by reading it
            if (number == asked_)
                read(place, number);
        });
}

void EncoderPicker::read(const std::filesystem::path& place, int number)
{
    readings_.ask(
        this, [place, role = role_, load = load_] { return inspectEncoder(place, role, load); },
        [this, number](const EncoderFacts& facts) {
            if (number == asked_)
                showFound(facts);
        });
}

void EncoderPicker::showFound(const EncoderFacts& facts)
{
    const bool good = facts.problems.empty();
    mark_->setPixmap(
        icon(good ? QStringLiteral("check") : QStringLiteral("warning"), good ? Hue::Green : Hue::Vermillion)
            .pixmap(16, 16));
    mark_->setAccessibleName(good ? tr("Found") : tr("Problem"));
    setRole(found_, good ? "secondary" : "problem");
    QStringList problems;
    for (const auto& problem : facts.problems)
        problems << text(problem);
    found_->setText(good ? goodText(facts) : problems.join(QLatin1Char('\n')));
}

} // namespace nanodit
