# Processes that train on GPUs talk over NCCL where LibTorch was built with CUDA and the file that does so compiles with it. The wheel's packages
# bring NCCL and most headers of CUDA; its process group also includes crt/host_defines.h (package nvidia-cuda-crt of PyPI) and nv/target
# (nvidia-cuda-cccl), which a CUDA toolkit has, too.

cmake_path(GET nanodit_torch_folder PARENT_PATH nanodit_packages)
file(GLOB nanodit_nccl_includes ${nanodit_packages}/nvidia/*/include)
set(nanodit_nccl_missing "")
foreach(header nccl.h cuda_runtime_api.h crt/host_defines.h nv/target)
  find_path(nanodit_path_of_header ${header} HINTS ${nanodit_nccl_includes}
    PATHS ENV CUDA_HOME /usr/local/cuda PATH_SUFFIXES include include/cccl NO_CACHE)
  if(nanodit_path_of_header)
    list(APPEND nanodit_nccl_includes ${nanodit_path_of_header})
  else()
    string(APPEND nanodit_nccl_missing " ${header}")
  endif()
  unset(nanodit_path_of_header)
endforeach()
list(REMOVE_DUPLICATES nanodit_nccl_includes)
if(nanodit_nccl_missing)
  message(STATUS "NCCL is not used, as headers are missing:${nanodit_nccl_missing} (a CUDA toolkit has them, or the packages nvidia-cuda-crt and nvidia-cuda-cccl of PyPI).")
  return()
endif()

set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(nanodit_try_includes ${nanodit_torch_headers} ${CMAKE_SOURCE_DIR} ${nanodit_nccl_includes})
try_compile(NANODIT_NCCL_COMPILES SOURCES ${CMAKE_SOURCE_DIR}/core/train/nccl_collective.cpp
  CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${nanodit_try_includes}" COMPILE_DEFINITIONS -DUSE_C10D_NCCL
  CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON)
unset(CMAKE_TRY_COMPILE_TARGET_TYPE)
if(NOT NANODIT_NCCL_COMPILES)
  message(STATUS "NCCL is not used: core/train/nccl_collective.cpp does not compile with this LibTorch and these headers.")
  return()
endif()

# What the headers refer to inline; where they do not, nothing is linked.
file(GLOB nanodit_nccl_libraries ${nanodit_packages}/nvidia/nccl/lib/libnccl.so* ${nanodit_packages}/nvidia/cu*/lib/libcudart.so*
  ${nanodit_packages}/nvidia/cuda_runtime/lib/libcudart.so*)
foreach(library ${nanodit_nccl_libraries})
  cmake_path(GET library PARENT_PATH folder)
  list(APPEND CMAKE_BUILD_RPATH ${folder})
  list(APPEND CMAKE_INSTALL_RPATH ${folder})
endforeach()
add_library(nanodit_nccl INTERFACE)
target_include_directories(nanodit_nccl SYSTEM INTERFACE ${nanodit_nccl_includes})
if(nanodit_nccl_libraries)
  list(JOIN nanodit_nccl_libraries "," nanodit_nccl_libraries)
  target_link_libraries(nanodit_nccl INTERFACE -Wl,--push-state,--as-needed,${nanodit_nccl_libraries},--pop-state)
endif()
message(STATUS "NCCL is used between the GPUs of a training of several processes.")
