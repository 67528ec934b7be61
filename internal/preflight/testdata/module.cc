#include <stdexcept>
#include <string>

extern "C" int RedisModule_OnLoad(void *ctx, void **, int argc) {
    try {
        if (argc > 3) throw std::runtime_error("too many");
    } catch (const std::exception &e) {
        return 1;
    }
    return ctx == nullptr;
}
