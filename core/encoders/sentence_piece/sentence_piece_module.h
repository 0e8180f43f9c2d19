#pragma once

#include <stddef.h>

/// What the module nanodit_sentence_piece gives: SentencePiece behind C functions, so that it can be loaded apart.
/// Texts that come back live until the next call with the same model; errors are texts, null when all went well.
struct NanoditSentencePieceApi {
    void* (*open)(const char* file, const char** error);
    void (*close)(void* model);
    const char* (*encode)(void* model, const char* text, size_t length, const int** ids, size_t* count);
    const char* (*piece)(void* model, int id);
    int (*size)(void* model);
    int (*padId)(void* model);
    int (*endId)(void* model);
    int (*unknownId)(void* model);
    const char* (*train)(const char* arguments);
};

extern "C" const NanoditSentencePieceApi* nanodit_sentence_piece_api();
