#include "app/pages/sample/reference_picker.h"

#include "app/background_queue.h"
#include "app/dialogs.h"
#include "app/record_names.h"
#include "app/session.h"
#include "app/wording.h"
#include "widgets/drop_zone.h"
#include "widgets/factories.h"
#include "widgets/picture.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QCompleter>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QSignalBlocker>
#include <QToolButton>

namespace nanodit {

namespace {
constexpr int popupWidth = 480;
}

ReferencePicker::ReferencePicker(Session& session, Dialogs& dialogs, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , dialogs_(dialogs)
    , zone_(new DropZone(this))
    , names_(new RecordNames(this))
    , records_(new QComboBox(this))
    , clear_(makeFlatButton(QStringLiteral("clear"), tr("No reference"), this))
{
    zone_->setPrompt(tr("Drop a picture here or click to choose one"));
    records_->setObjectName(QStringLiteral("referenceRecords"));
    records_->setAccessibleName(tr("Record as reference"));
    records_->setModel(names_);
    records_->setEditable(true);
    records_->setInsertPolicy(QComboBox::NoInsert);
    records_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    records_->setMinimumContentsLength(12);
    records_->completer()->setFilterMode(Qt::MatchContains);
    records_->completer()->setCompletionMode(QCompleter::PopupCompletion);
    records_->view()->setTextElideMode(Qt::ElideRight);
    records_->view()->setMinimumWidth(popupWidth);
    records_->lineEdit()->setPlaceholderText(tr("or a record of the workspace"));
    auto* const row = new QHBoxLayout;
    row->setSpacing(4);
    row->addWidget(records_, 1);
    row->addWidget(clear_);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(zone_);
    column->addLayout(row);

    connect(zone_, &DropZone::clicked, this, &ReferencePicker::chooseFile);
    connect(zone_, &DropZone::fileDropped, this,
            [this](const QString& file) { setReference(PictureReference{file.toStdString()}); });
    connect(clear_, &QToolButton::clicked, this, [this] { setReference(NoReference{}); });
    connect(records_, &QComboBox::activated, this, [this](int index) {
        if (index >= 0)
            setReference(RecordReference{records_->itemData(index).toString().toStdString()});
    });
    connect(records_->lineEdit(), &QLineEdit::returnPressed, this, &ReferencePicker::takeTyped,
            Qt::QueuedConnection); // the list of completions chooses first
    connect(&session_, &Session::recordsChanged, this, &ReferencePicker::listRecords);
    connect(&session_, &Session::workspaceChanged, this, [this] { setReference(NoReference{}); });
    showPicture();
}

void ReferencePicker::listRecords()
{
    const QSignalBlocker quiet(records_);
    names_->setRecords(session_.recordsValue());
    showPicture();
}

void ReferencePicker::setReference(const Reference& reference)
{
    reference_ = reference;
    showPicture();
    Q_EMIT referenceChanged();
}

bool ReferencePicker::takeTyped()
{
    const auto typed = records_->lineEdit()->text().trimmed();
    const int chosen = records_->currentIndex();
    if (typed == (chosen < 0 ? QString() : records_->itemText(chosen).trimmed()))
        return true;
    if (typed.isEmpty()) {
        setReference(NoReference{});
        return true;
    }
    const auto id = typed.section(QStringLiteral(" · "), 0, 0);
    if (session_.record(id) == nullptr) {
        Q_EMIT refused(tr("The workspace has no record \"%1\". Select one from the list.").arg(typed));
        return false;
    }
    setReference(RecordReference{id.toStdString()});
    return true;
}

void ReferencePicker::showPicture()
{
    const int number = ++shown_;
    const QSignalBlocker quiet(records_);
    const auto* const fromRecord = std::get_if<RecordReference>(&reference_);
    const auto* const fromFile = std::get_if<PictureReference>(&reference_);
    records_->setCurrentIndex(fromRecord != nullptr ? names_->rowOf(QString::fromStdString(fromRecord->id)) : -1);
    // The id, not the end of the caption; after the completer, which puts its choice into the line last.
    QMetaObject::invokeMethod(
        records_->lineEdit(), [line = records_->lineEdit()] { line->setCursorPosition(0); }, Qt::QueuedConnection);
    clear_->setEnabled(!std::holds_alternative<NoReference>(reference_));
    const auto show = [this, number](const QString& caption) {
        return [this, number, caption](const QImage& picture) {
            if (number == shown_)
                zone_->setPicture(picture, caption);
        };
    };
    const auto refuse = [this, number](const Notice& why) {
        if (number != shown_)
            return;
        zone_->clear();
        zone_->setPrompt(noticeText(why));
    };
    if (fromRecord != nullptr) {
        if (const auto* const record = session_.record(QString::fromStdString(fromRecord->id)))
            session_.background().ask(
                this, [copy = *record] { return qImageFromImage(loadBucketImage(copy)); },
                show(QString::fromStdString(record->caption)), refuse);
        else
            zone_->clear();
    } else if (fromFile != nullptr) {
        session_.background().ask(
            this, [file = fromFile->file] { return qImageFromImage(readImage(file)); },
            show(QString::fromStdString(fromFile->file.string())), refuse);
    } else {
        zone_->setPrompt(tr("Drop a picture here or click to choose one"));
        zone_->clear();
    }
}

void ReferencePicker::chooseFile()
{
    const auto file = dialogs_.chooseFile(this, tr("A reference picture"),
                                          tr("Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.tif *.tiff)"));
    if (!file.isEmpty())
        setReference(PictureReference{file.toStdString()});
}

} // namespace nanodit
