#include "core/encoders/sentence_piece/sentence_piece_module.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <memory>
#include <string>
#include <vector>

namespace {

struct Model {
    sentencepiece::SentencePieceProcessor processor;
    std::vector<int> ids;
    std::string text;
};

thread_local std::string lastError;

const char* errorText(const sentencepiece::util::Status& status)
{
    if (status.ok())
        return nullptr;
    lastError = status.ToString();
    return lastError.c_str();
}

Model& model(void* handle)
{
    return *static_cast<Model*>(handle);
}

void* open(const char* file, const char** error)
{
    auto opened = std::make_unique<Model>();
    *error = errorText(opened->processor.Load(file));
    return *error == nullptr ? opened.release() : nullptr;
}

void close(void* handle)
{
    delete static_cast<Model*>(handle);
}

const char* encode(void* handle, const char* text, size_t length, const int** ids, size_t* count)
{
    auto& self = model(handle);
    const auto* const error = errorText(self.processor.Encode({text, length}, &self.ids));
    *ids = self.ids.data();
    *count = self.ids.size();
    return error;
}

const char* piece(void* handle, int id)
{
    auto& self = model(handle);
    self.text = self.processor.IdToPiece(id);
    return self.text.c_str();
}

int size(void* handle)
{
    return model(handle).processor.GetPieceSize();
}

int padId(void* handle)
{
    return model(handle).processor.pad_id();
}

int endId(void* handle)
{
    return model(handle).processor.eos_id();
}

int unknownId(void* handle)
{
    return model(handle).processor.unk_id();
}

const char* train(const char* arguments)
{
    return errorText(sentencepiece::SentencePieceTrainer::Train(arguments));
}

} // namespace

extern "C" __attribute__((visibility("default"))) const NanoditSentencePieceApi* nanodit_sentence_piece_api()
{
    static const NanoditSentencePieceApi api = {open, close, encode, piece, size, padId, endId, unknownId, train};
    return &api;
}
