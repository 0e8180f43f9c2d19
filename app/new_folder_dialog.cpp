#include "app/new_folder_dialog.h"

#include "app/workspace_folder.h"
#include "widgets/factories.h"
#include "widgets/inspector_column.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QDialogButtonBox>
#include <QDir>
#include <QFileInfo>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include <utility>

namespace nanodit {

namespace {

constexpr int usualWidth = 520;

bool isFree(const QString& folder)
{
    const QFileInfo info(folder);
    return !info.exists() || (info.isDir() && QDir(folder).isEmpty());
}

NewFolderDialog::Place lookAt(const QString& folder)
{
    const QFileInfo parent(QFileInfo(folder).path());
    return {.hasParent = parent.isDir(),
            .parentWritable = parent.isWritable(),
            .free = isFree(folder),
            .workspace = holdsWorkspace(folder)};
}

/// Why no folder can have the name, or nothing.
QString whyNoName(const QString& name)
{
    if (name.isEmpty())
        return NewFolderDialog::tr("Enter a name.");
    if (name.contains(QLatin1Char('/')) || name == QLatin1String(".") || name == QLatin1String(".."))
        return NewFolderDialog::tr("The name cannot contain a slash.");
    return {};
}

} // namespace

NewFolderDialog::NewFolderDialog(const QString& title, const QString& suggestion, NewFolder use, Dialogs& dialogs,
                                 QWidget* parent)
    : NewFolderDialog(title, suggestion, use, dialogs, lookAt, parent)
{
}

NewFolderDialog::NewFolderDialog(const QString& title, const QString& suggestion, NewFolder use, Dialogs& dialogs,
                                 Look look, QWidget* parent)
    : QDialog(parent)
    , use_(use)
    , dialogs_(dialogs)
    , look_(std::move(look))
    , name_(new QLineEdit(this))
    , parent_(new QLineEdit(this))
    , about_(new QLabel(this))
    , accept_(makeButton(tr("Create"), QStringLiteral("check"), {}, true, this))
{
    setObjectName(QStringLiteral("newFolder"));
    setWindowTitle(title);
    name_->setObjectName(QStringLiteral("folderName"));
    parent_->setObjectName(QStringLiteral("parentFolder"));
    about_->setObjectName(QStringLiteral("aboutFolder"));
    accept_->setObjectName(QStringLiteral("createFolder"));
    about_->setWordWrap(true);
    about_->setTextFormat(Qt::PlainText);
    about_->setMinimumHeight(2 * about_->fontMetrics().lineSpacing());
    about_->setAlignment(Qt::AlignTop);
    auto* const choose =
        makeButton(tr("Choose…"), QStringLiteral("folder"), tr("Choose the parent folder"), false, this);
    auto* const within = new QHBoxLayout;
    within->setSpacing(8);
    within->addWidget(parent_, 1);
    within->addWidget(choose);
    auto* const fields = makeFields();
    fields->addRow(tr("&Name"), name_);
    fields->addRow(tr("&Parent folder"), within);
    qobject_cast<QLabel*>(fields->labelForField(within))->setBuddy(parent_);
    auto* const buttons = new QDialogButtonBox(this);
    buttons->addButton(accept_, QDialogButtonBox::AcceptRole);
    buttons->addButton(QDialogButtonBox::Cancel);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(16, 16, 16, 12);
    column->setSpacing(12);
    column->addLayout(fields);
    column->addWidget(about_);
    column->addWidget(buttons);
    choose->setAutoDefault(false);
    accept_->setDefault(true);
    resize(usualWidth, sizeHint().height());

    connect(choose, &QPushButton::clicked, this, &NewFolderDialog::browse);
    connect(buttons, &QDialogButtonBox::accepted, this, &NewFolderDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(&late_, &LateTimer::timeout, this, [this] {
        accept_->setEnabled(false);
        tell(tr("Waiting for the disk of %1 to answer…").arg(folderText(folder())), false);
    });
    const QFileInfo proposed(suggestion);
    name_->setText(proposed.fileName());
    parent_->setText(proposed.absolutePath());
    name_->setFocus();
    name_->selectAll();
    connect(name_, &QLineEdit::textChanged, this, &NewFolderDialog::check);
    connect(parent_, &QLineEdit::textChanged, this, &NewFolderDialog::check);
    check();
}

QString NewFolderDialog::folder() const
{
    auto parent = parent_->text().trimmed();
    if (parent == QLatin1String("~") || parent.startsWith(QLatin1String("~/")))
        parent.replace(0, 1, QDir::homePath());
    return QDir::cleanPath(QDir(parent).filePath(name_->text().trimmed()));
}

void NewFolderDialog::browse()
{
    if (const auto chosen = dialogs_.chooseFolder(this, tr("Parent folder")); !chosen.isEmpty())
        parent_->setText(chosen);
}

void NewFolderDialog::accept()
{
    if (answered_)
        QDialog::accept();
    else
        wanted_ = true;
}

void NewFolderDialog::check()
{
    const int number = ++asked_;
    answered_ = wanted_ = false;
    late_.stop();
    if (const auto why = whyNoName(name_->text().trimmed()); !why.isEmpty()) {
        accept_->setEnabled(false);
        return tell(why, true);
    }
    late_.start();
    disk_.ask([look = look_, path = folder()] { return look(path); },
              [this, number](const Place& place) {
                  if (number == asked_)
                      take(place);
              });
}

QString NewFolderDialog::whyNot(const Place& place) const
{
    const auto parent = QFileInfo(folder()).path();
    if (!place.hasParent)
        return tr("The folder %1 does not exist.").arg(parent);
    if (place.workspace && use_ == NewFolder::Workspace)
        return {};
    if (!place.free)
        return tr("%1 exists and is not empty: choose another name.").arg(folderText(folder()));
    if (!place.parentWritable)
        return tr("You cannot write in %1: choose another folder.").arg(folderText(parent));
    return {};
}

void NewFolderDialog::take(const Place& place)
{
    late_.stop();
    answered_ = true;
    const auto why = whyNot(place), path = folderText(folder());
    const bool opens = why.isEmpty() && place.workspace;
    accept_->setEnabled(why.isEmpty());
    accept_->setText(opens ? tr("Open") : tr("Create"));
    tell(!why.isEmpty() ? why
         : opens        ? tr("%1 is a workspace already; it will be opened.").arg(path)
                        : tr("The folder %1 will be created.").arg(path),
         !why.isEmpty());
    if (std::exchange(wanted_, false) && why.isEmpty())
        QDialog::accept();
}

void NewFolderDialog::tell(const QString& about, bool problem)
{
    setRole(about_, problem ? "problem" : "secondary");
    about_->setText(about);
}

QString freeFolder(const QString& suggestion)
{
    auto folder = suggestion;
    for (int i = 2; !isFree(folder); ++i)
        folder = QStringLiteral("%1-%2").arg(suggestion).arg(i);
    return folder;
}

} // namespace nanodit
